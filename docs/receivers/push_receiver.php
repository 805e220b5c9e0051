<?php
// A receiver for signed notices, to be copied into a CMS: PHP 7.4 or newer with PDO for SQLite.
//
// PUSH_FOLDER=/srv/notices  PUSH_PUBLIC=http://cms.example.edu.cn  PUSH_SECRETS="whsec_… whsec_…"
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
        digest TEXT, state TEXT, data TEXT, reason TEXT DEFAULT '')");
    return $base;
}

function one(PDO $base, string $query, array $values): ?array
{
    $found = $base->prepare($query);
    $found->execute($values);
    $row = $found->fetch(PDO::FETCH_ASSOC);
    return $row === false ? null : $row;
}

function verify(string $payload): void
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $at = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($at) || abs(time() - (int) $at) > TOLERANCE_S) {
        throw new Refused(401, '时间戳不对，请校准时钟');
    }
    foreach (preg_split('/\s+/', trim((string) getenv('PUSH_SECRETS'))) as $secret) {
        $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
        $good = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$payload", (string) $key, true));
        foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
            if (hash_equals($good, $given)) {
                return;
            }
        }
    }
    throw new Refused(401, '签名不对');
}

function keep_file(string $digest, string $content): array
{
    if (!preg_match('/^[0-9a-f]{64}$/D', $digest) || hash('sha256', $content) !== $digest) {
        throw new Refused(422, '文件的内容和它的摘要不一致');
    }
    $unfinished = folder() . "/files/.$digest." . bin2hex(random_bytes(6));
    file_put_contents($unfinished, $content);
    rename($unfinished, folder() . "/files/$digest");
    return ['sha256' => $digest];
}

// Takes a notice; the same key again changes nothing, a newer edition takes its place.
function publish(array $data): array
{
    $key = (string) ($data['key'] ?? '');
    $digest = (string) ($data['digest'] ?? '');
    if (!preg_match('/^[A-Za-z0-9._-]{1,100}$/D', $key) || trim((string) ($data['title'] ?? '')) === '') {
        throw new Refused(422, '缺少 key 或标题');
    }
    foreach ($data['files'] ?? [] as $each) {
        $name = (string) ($each['sha256'] ?? '');
        if (!preg_match('/^[0-9a-f]{64}$/D', $name) || !is_file(folder() . "/files/$name")) {
            throw new Refused(422, '还没有收到文件 ' . ($each['name'] ?? ''));
        }
    }
    $identity = (string) (($data['index_number'] ?? '') ?: $key);
    $base = base();
    $base->exec('BEGIN IMMEDIATE');
    $row = one($base, 'SELECT digest FROM notice WHERE key = ?', [$key]);
    if ($row !== null && $row['digest'] !== $digest) {
        $base->exec('ROLLBACK');
        throw new Refused(409, '这个 key 已经用于别的内容');
    }
    if ($row === null) {
        $base->prepare("UPDATE notice SET state = 'replaced' WHERE identity = ? AND state = 'published'")
            ->execute([$identity]);
        $base->prepare("INSERT INTO notice (key, identity, digest, state, data) VALUES (?, ?, ?, 'published', ?)")
            ->execute([$key, $identity, $digest, json_encode($data, JSON_UNESCAPED_UNICODE)]);
    }
    $base->exec('COMMIT');
    return state($key);
}

function take_back(array $data): array
{
    $key = (string) ($data['key'] ?? '');
    base()->prepare("UPDATE notice SET state = 'withdrawn', reason = ? WHERE key = ? AND state = 'published'")
        ->execute([(string) ($data['reason'] ?? ''), $key]);
    return state($key);
}

function state(string $key): array
{
    $base = base();
    $row = one($base, 'SELECT id, identity, digest, state FROM notice WHERE key = ?', [$key]);
    if ($row === null) {
        return ['state' => 'unknown', 'key' => $key];
    }
    $first = one($base, 'SELECT min(id) AS id FROM notice WHERE identity = ?', [$row['identity']]);
    $url = rtrim((string) getenv('PUSH_PUBLIC'), '/') . "/notice/{$first['id']}";
    return ['state' => $row['state'], 'key' => $key, 'digest' => $row['digest'], 'id' => (string) $row['id'], 'url' => $url];
}

function page(int $number): void
{
    $row = one(base(), 'SELECT data, state, reason FROM notice WHERE identity =
        (SELECT identity FROM notice WHERE id = ?) ORDER BY id DESC LIMIT 1', [$number]);
    header('Content-Type: text/html; charset=utf-8');
    if ($row === null || $row['state'] !== 'published') {
        http_response_code($row === null ? 404 : 410);
        echo $row === null ? '没有这一页' : '这条信息已撤回：' . htmlspecialchars($row['reason']);
        return;
    }
    $data = json_decode($row['data'], true);
    $body = $data['body_html'];  // cleaned by the sender, which the signature proves
    $links = '';
    foreach ($data['files'] as $each) {
        $body = str_replace("=\"media:{$each['name']}\"", "=\"/file/{$each['sha256']}\"", $body);
        $label = htmlspecialchars($each['label']);
        $links .= $each['role'] === 'attachment' ? "<li><a href=\"/file/{$each['sha256']}\" download=\"$label\">$label</a></li>" : '';
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
        header('Content-Type: application/octet-stream');
        readfile(folder() . "/files/{$found[1]}");
    } else {
        http_response_code(404);
        echo '没有这一页';
    }
    return;
}
try {
    if ($place !== PATH) {
        throw new Refused(404, '没有这个地址');
    }
    $body = $_SERVER['REQUEST_METHOD'] === 'POST' ? (string) file_get_contents('php://input') : '';
    verify($body !== '' ? $body : (string) ($_SERVER['QUERY_STRING'] ?? ''));
    if ($_SERVER['REQUEST_METHOD'] === 'POST' && isset($_GET['file'])) {
        tell(200, keep_file((string) $_GET['file'], $body));
    } elseif ($_SERVER['REQUEST_METHOD'] === 'POST') {
        $message = json_decode($body, true);
        $acts = ['notice.published' => 'publish', 'notice.withdrawn' => 'take_back'];
        $act = is_array($message) ? ($acts[$message['type'] ?? ''] ?? '') : '';
        if ($act === '' || !is_array($message['data'] ?? null)) {
            throw new Refused(422, '内容不合约定');
        }
        tell(200, $act($message['data']));
    } else {
        tell(200, isset($_GET['ping']) ? ['state' => 'ready', 'name' => 'push_receiver.php'] : state((string) ($_GET['key'] ?? '')));
    }
} catch (Refused $refused) {
    tell($refused->status, ['detail' => $refused->getMessage()]);
}
