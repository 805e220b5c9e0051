<?php
// A receiver for signed notices, to be copied into a CMS: PHP 7.4 or newer with PDO for SQLite.
//
// PUSH_FOLDER=/srv/notices  PUSH_PUBLIC=http://cms.example.edu.cn  PUSH_SECRETS="whsec_… whsec_…"  PUSH_MAX_MB=32
// It keeps notices and files, answers what it has, and shows each notice at /notice/N. What a CMS
// does with a notice goes into publish() and take_back(). The contract: docs/outlets/push.md.
declare(strict_types=1);

const CONTRACT = 1;
const TOLERANCE_S = 300;  // between the sender's clock and ours
const PATH = '/receive';

final class Refused extends Exception
{
    public int $status;
    public function __construct(int $status, string $detail)
    {
        parent::__construct($detail);
        $this->status = $status;
    }
}

function folder(): string
{
    $folder = (string) getenv('PUSH_FOLDER');
    if (!is_dir("$folder/files")) {
        @mkdir("$folder/files", 0750, true);
    }
    return $folder;
}

function base(): PDO
{
    $base = new PDO('sqlite:' . folder() . '/notices.db', null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    $base->exec('PRAGMA busy_timeout = 20000');
    $base->exec("CREATE TABLE IF NOT EXISTS notice (id INTEGER PRIMARY KEY, key TEXT UNIQUE, identity TEXT,
        digest TEXT, state TEXT, sent_at TEXT, data TEXT, reason TEXT DEFAULT '')");
    $base->exec('CREATE INDEX IF NOT EXISTS notice_identity ON notice (identity)');
    return $base;
}

function one(PDO $base, string $query, array $values): ?array
{
    $found = $base->prepare($query);
    $found->execute($values);
    $row = $found->fetch(PDO::FETCH_ASSOC);
    return $row === false ? null : $row;
}

// Bytes of one call that we take.
function most_bytes(): int
{
    return ((int) getenv('PUSH_MAX_MB') ?: 32) * 2 ** 20;
}

// Returns the id of a call; refuses what no secret of ours signed, or signed long ago.
function verify(string $payload): string
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $at = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!preg_match('/^[0-9]{1,12}$/D', $at)) {
        throw new Refused(401, '没有签名');
    }
    if (abs(time() - (int) $at) > TOLERANCE_S) {
        throw new Refused(401, '时间戳过期，请校准两边的时钟');
    }
    foreach (preg_split('/\s+/', trim((string) getenv('PUSH_SECRETS'))) as $secret) {
        $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
        $good = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$payload", (string) $key, true));
        foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
            if (hash_equals($good, $given)) {
                return $id;
            }
        }
    }
    throw new Refused(401, '签名不对，请核对两边的密钥');
}

function keep_file(string $digest, string $content): array
{
    if (!preg_match('/^[0-9a-f]{64}$/D', $digest) || hash('sha256', $content) !== $digest) {
        throw new Refused(422, '文件的内容和它的摘要不一致');
    }
    $unfinished = folder() . "/files/.$digest." . bin2hex(random_bytes(6));
    if (file_put_contents($unfinished, $content) !== strlen($content)
        || !rename($unfinished, folder() . "/files/$digest")) {
        throw new Refused(503, '存不下这个文件，请看磁盘是否已满');
    }
    return [200, ['sha256' => $digest]];
}

// Takes a notice; the same key again changes nothing, a newer edition takes its place.
function publish(string $sent_at, array $data): array
{
    foreach (['key', 'digest', 'title', 'body_html', 'index_number'] as $name) {
        if (!is_string($data[$name] ?? null)) {
            throw new Refused(422, "缺少 $name");
        }
    }
    if (trim($data['title']) === '' || trim($data['body_html']) === '') {
        throw new Refused(422, '标题或正文是空的');
    }
    if (!preg_match('/^[0-9a-f]{64}$/D', $data['digest'])) {
        throw new Refused(422, 'digest 应是 64 位小写十六进制数');
    }
    foreach (['images', 'attachments'] as $list) {
        if (!is_array($data[$list] ?? null)) {
            throw new Refused(422, "缺少 $list");
        }
        foreach ($data[$list] as $file) {
            $name = is_array($file) && is_string($file['sha256'] ?? null) ? $file['sha256'] : '';
            if (!preg_match('/^[0-9a-f]{64}$/D', $name) || !is_string($file['name'] ?? null)) {
                throw new Refused(422, '内容不合约定');
            }
            if (!is_file(folder() . "/files/$name")) {
                throw new Refused(422, '还没有收到文件 ' . $file['name']);
            }
        }
    }
    $identity = $data['index_number'] !== '' ? $data['index_number'] : $data['key'];
    $base = base();
    $base->exec('BEGIN IMMEDIATE');  // one writer at a time; undone if we leave without COMMIT
    $known = one($base, 'SELECT digest FROM notice WHERE key = ?', [$data['key']]);
    if ($known !== null && $known['digest'] !== $data['digest']) {
        $base->exec('ROLLBACK');
        throw new Refused(409, '这个 key 已经用于别的内容');
    }
    if ($known === null) {
        $newest = one($base, 'SELECT max(sent_at) AS at FROM notice WHERE identity = ?', [$identity])['at'];
        $is_late = $newest !== null && strcmp($newest, $sent_at) > 0;  // overtaken on its way
        if (!$is_late) {
            $base->prepare("UPDATE notice SET state = 'replaced' WHERE identity = ? AND state = 'published'")
                ->execute([$identity]);
        }
        $base->prepare('INSERT INTO notice (key, identity, digest, state, sent_at, data) VALUES (?, ?, ?, ?, ?, ?)')
            ->execute([$data['key'], $identity, $data['digest'], $is_late ? 'replaced' : 'published', $sent_at,
                json_encode($data, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR)]);
    }
    $base->exec('COMMIT');
    return [$known === null ? 201 : 200, state($data['key'])[1]];
}

function take_back(string $sent_at, array $data): array
{
    base()->prepare("UPDATE notice SET state = 'withdrawn', reason = ? WHERE key = ? AND state = 'published'")
        ->execute([is_string($data['reason'] ?? null) ? $data['reason'] : '', $data['key']]);
    return state($data['key']);
}

function state(string $key): array
{
    $base = base();
    $row = one($base, 'SELECT id, identity, digest, state FROM notice WHERE key = ?', [$key]);
    if ($row === null) {
        return [404, ['state' => 'unknown', 'key' => $key]];
    }
    $first = one($base, 'SELECT min(id) AS id FROM notice WHERE identity = ?', [$row['identity']]);
    $url = rtrim((string) getenv('PUSH_PUBLIC'), '/') . "/notice/{$first['id']}";  // stays through all editions
    return [200, ['state' => $row['state'], 'key' => $key, 'digest' => $row['digest'], 'id' => (string) $row['id'], 'url' => $url]];
}

function page(int $number): void
{
    $row = one(base(), 'SELECT data, state, reason FROM notice WHERE identity =
        (SELECT identity FROM notice WHERE id = ?)
        ORDER BY state = \'published\' DESC, sent_at DESC, id DESC LIMIT 1', [$number]);
    header('Content-Type: text/html; charset=utf-8');
    if ($row === null || $row['state'] !== 'published') {
        http_response_code($row === null ? 404 : 410);
        echo $row === null ? '没有这一页' : '这条信息已撤回：' . htmlspecialchars($row['reason']);
        return;
    }
    $data = json_decode($row['data'], true);
    $body = $data['body_html'];  // cleaned by the sender, which the signature proves
    foreach ($data['images'] as $file) {
        $body = str_replace("=\"media:{$file['name']}\"", "=\"/file/{$file['sha256']}\"", $body);
    }
    $links = '';
    foreach ($data['attachments'] as $file) {
        $name = htmlspecialchars($file['name']);
        $links .= "<li><a href=\"/file/{$file['sha256']}\" download=\"$name\">$name</a></li>";
    }
    $title = htmlspecialchars($data['title']);
    echo "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>$title</title><h1>$title</h1>$body<ul>$links</ul></html>";
}

function tell(int $status, array $said): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo json_encode(['contract' => CONTRACT] + $said, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
}

$place = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
header('X-Content-Type-Options: nosniff');
if ($place !== PATH && $_SERVER['REQUEST_METHOD'] === 'GET') {
    if (preg_match('#^/notice/([0-9]{1,9})$#D', (string) $place, $found)) {
        page((int) $found[1]);
    } elseif (preg_match('#^/file/([0-9a-f]{64})$#D', (string) $place, $found) && is_file(folder() . "/files/{$found[1]}")) {
        $file = folder() . "/files/{$found[1]}";
        $start = (string) file_get_contents($file, false, null, 0, 4);
        $kind = 'application/octet-stream';
        foreach (["\x89PNG" => 'image/png', "\xff\xd8\xff" => 'image/jpeg', 'GIF8' => 'image/gif'] as $magic => $each) {
            $kind = strncmp($start, (string) $magic, strlen((string) $magic)) === 0 ? $each : $kind;
        }
        header("Content-Type: $kind");
        readfile($file);
    } else {
        http_response_code(404);
        echo '没有这一页';
    }
    return;
}
function take(): array
{
    if ((int) ($_SERVER['CONTENT_LENGTH'] ?? 0) > most_bytes()) {
        throw new Refused(413, '一次最多 ' . most_bytes() . ' 字节');
    }
    $body = (string) file_get_contents('php://input');
    $id = verify($body);
    // the id is signed: a file's bytes cannot be sent again as a notice, nor the other way
    if (strncmp($id, 'file.', 5) === 0) {
        $digest = substr($id, 5);
        if (($_GET['file'] ?? null) !== $digest) {
            throw new Refused(422, 'webhook-id 和地址不一致');
        }
        return keep_file($digest, $body);
    }
    $message = json_decode($body, true);
    $data = is_array($message) ? ($message['data'] ?? null) : null;
    $acts = ['published' => 'publish', 'withdrawn' => 'take_back'];
    if (!is_array($data) || !is_string($message['type'] ?? null) || !is_string($message['timestamp'] ?? null)
        || !is_string($data['key'] ?? null) || !preg_match('/^[A-Za-z0-9._-]{1,100}$/D', $data['key'])) {
        throw new Refused(422, '内容不合约定');
    }
    $act = preg_replace('/^notice\./', '', $message['type']);
    if ($id !== "{$data['key']}.$act" || !isset($acts[$act])) {
        throw new Refused(422, 'webhook-id 和内容不一致');
    }
    return $acts[$act]($message['timestamp'], $data);
}

function ask(): array
{
    verify((string) ($_SERVER['QUERY_STRING'] ?? ''));
    if (isset($_GET['ping'])) {
        $ours = ['time' => time(), 'max_bytes' => most_bytes()];
        return [200, ['state' => 'ready', 'name' => 'push_receiver.php'] + $ours];
    }
    return state(is_string($_GET['key'] ?? null) ? $_GET['key'] : '');
}

try {
    if ($place !== PATH) {
        throw new Refused(404, '没有这个地址');
    }
    [$status, $said] = $_SERVER['REQUEST_METHOD'] === 'POST' ? take() : ask();
    tell($status, $said);
} catch (Refused $refused) {
    tell($refused->status, ['detail' => $refused->getMessage()]);
} catch (Throwable $error) {
    error_log((string) $error);
    tell(500, ['detail' => '接收程序出错，请看它的日志']);
}
