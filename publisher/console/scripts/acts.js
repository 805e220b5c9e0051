// What each button does. Those that ask first say so by a window.
import { HREF } from "./document.js";
import { ask } from "./dialogs.js";

const MARKS = { bold: "toggleBold", italic: "toggleItalic", underline: "toggleUnderline", strike: "toggleStrike", sub: "toggleSubscript", sup: "toggleSuperscript" };
const TABLE = {
  "row-before": "addRowBefore", "row-after": "addRowAfter", "row-gone": "deleteRow", "column-before": "addColumnBefore",
  "column-after": "addColumnAfter", "column-gone": "deleteColumn", merge: "mergeCells", split: "splitCell", "table-gone": "deleteTable",
};
const ALIGN = { left: "", center: "al-center", right: "al-right" };
const MOST = { rows: 50, columns: 12 };
export const inTable = (editor) => editor.isActive("table");

export function style(editor, value) {
  const chain = editor.chain().focus();
  if (value === "p") chain.setParagraph().run();
  else chain.setHeading({ level: Number(value) }).run();
}

export const styleOf = (editor) => String([2, 3, 4].find((level) => editor.isActive("heading", { level })) ?? "p");

export function alignmentOf(editor) {
  const attributes = inTable(editor)
    ? { ...editor.getAttributes("tableCell"), ...editor.getAttributes("tableHeader") }
    : { ...editor.getAttributes("paragraph"), ...editor.getAttributes("heading") };
  const cls = attributes.cls ?? "";
  return Object.keys(ALIGN).find((name) => ALIGN[name] && cls.includes(ALIGN[name])) ?? "left";
}

// within lists there is nothing to align: a body keeps no class of their lines
function align(editor, where) {
  const fresh = (cls) => [ALIGN[where], ...cls.split(" ").filter((name) => name === "noindent")].filter(Boolean).join(" ");
  if (inTable(editor)) { editor.chain().focus().setCellAttribute("cls", ALIGN[where]).run(); return; }
  editor.chain().focus().command(({ tr }) => {
    for (const { $from, $to } of tr.selection.ranges) {
      tr.doc.nodesBetween($from.pos, $to.pos, (node, pos, parent) => {
        if (node.isTextblock && parent.type.name !== "listItem") {
          tr.setNodeMarkup(pos, null, { ...node.attrs, cls: fresh(node.attrs.cls) });
        }
      });
    }
    return true;
  }).run();
}

// A first row of headers only is the head of its table, as long as nothing reaches out of it.
function head({ tr }) {
  const { $from } = tr.selection;
  let depth = $from.depth;
  while (depth > 0 && $from.node(depth).type.name !== "table") depth -= 1;
  if (!depth) return true;
  const row = $from.node(depth).firstChild;
  let isHead = true;
  row.forEach((cell) => { isHead &&= cell.type.name === "tableHeader" && cell.attrs.rowspan === 1; });
  tr.setNodeMarkup($from.start(depth), null, { ...row.attrs, part: isHead ? "thead" : "tbody" });
  return true;
}

async function link(editor) {
  const old = editor.getAttributes("link").href ?? "";
  const isOnWords = !editor.state.selection.empty || old;
  const fields = [{
    name: "href", label: "网址", value: old, hint: old ? "清空就去掉链接。" : "例如 https://www.example.edu.cn/ 或 mailto:office@example.edu.cn",
    check: ({ href }) => {
      if (!href) return old ? "" : "请填写网址";
      return HREF.test(complete(href)) ? "" : "网址要以 https://、http://、mailto: 或 tel: 开头，中间没有空格";
    },
  }];
  if (!isOnWords) fields.push({ name: "text", label: "显示的文字", hint: "不填就显示网址。" });
  const answer = await ask({ title: "链接", fields });
  if (!answer) return;
  const href = complete(answer.href);
  const chain = editor.chain().focus();
  if (isOnWords) chain.extendMarkRange("link")[answer.href ? "setMark" : "unsetMark"]("link", { href }).run();
  else chain.insertContent({ type: "text", text: answer.text || answer.href, marks: [{ type: "link", attrs: { href } }] }).run();
}

const complete = (href) => (/^www\.\S+$/i.test(href) ? `https://${href}` : href);

async function table(editor) {
  const sized = (name, label, most) => ({
    name, label, type: "number", min: 1, max: most, value: 3,
    check: (typed) => (/^\d+$/.test(typed[name]) && typed[name] >= 1 && typed[name] <= most ? "" : `${label}请填 1 到 ${most}`),
  });
  const answer = await ask({
    title: "插入表格",
    fields: [
      sized("rows", "行数", MOST.rows), sized("cols", "列数", MOST.columns),
      { name: "head", label: "第一行", options: [["yes", "是表头"], ["no", "不是表头"]] },
    ],
  });
  if (!answer) return;
  editor.chain().focus().insertTable({ rows: Number(answer.rows), cols: Number(answer.cols), withHeaderRow: answer.head === "yes" })
    .command(head).run();
}

const described = ({ alt }) => {
  if (!alt) return "请写一句话，说明图上是什么";
  return alt.length > 500 ? "说明最多 500 个字" : "";
};

function place(editor, name) {
  const picture = { type: "picture", attrs: { name } };
  const isInside = inTable(editor) || editor.isActive("listItem");
  editor.chain().focus().insertContent(isInside ? picture : { type: "paragraph", content: [picture] }).run();
}

// One picture from a file: uploaded, described, shown where the cursor is.
export async function take(desk, file, alt = "") {
  const { pictures, editor } = desk;
  try {
    const stored = await pictures.upload(file, (part) => desk.progress(`正在上传 ${file.name}`, part));
    desk.progress("");
    const known = pictures.alt(stored.name);
    const preview = Object.assign(document.createElement("img"), { src: stored.address, alt: "" });
    const answer = alt ? { alt } : await ask({
      title: "这张图上是什么？", before: preview, submit: "插入图片",
      fields: [{ name: "alt", label: "图片说明（必填）", maxLength: 500, value: known, hint: "会念给看不见图的人，例如：“图书馆东门临时出入口示意图”。", check: described }],
    });
    if (!answer) { desk.say("没有插入图片"); return; }
    pictures.add(stored);
    pictures.describe(stored.name, answer.alt);
    place(editor, stored.name);
    desk.say(`已插入图${pictures.numberOf(stored.name)}`);
  } catch (error) {
    desk.progress("");
    desk.say(error.message, true);
  }
}

async function picture(desk) {
  const { pictures, editor } = desk;
  const chosen = editor.state.selection.node?.attrs.name ?? "";
  const known = pictures.all.map((one, index) => [one.name, `[图${index + 1}] ${one.alt.value || "还没有说明"}`]);
  const preview = Object.assign(document.createElement("img"), { alt: "" });
  let was = null;
  const answer = await ask({
    title: chosen ? "图片说明" : "插入图片",
    before: preview,
    fields: [
      { name: "name", label: "哪一张", options: [...known, ["", "上传一张新的"]], value: chosen || known.at(-1)?.[0] || "" },
      { name: "file", label: "图片文件", type: "file", accept: "image/png,image/jpeg,image/gif,image/webp,image/bmp", check: ({ name, file }) => (name || file ? "" : "请选择一个图片文件") },
      { name: "alt", label: "图片说明（必填）", maxLength: 500, hint: "会念给看不见图的人。", check: described },
    ],
    change(inputs, made) {
      const { value } = inputs.name;
      made[0].box.hidden = !known.length;
      made[1].box.hidden = Boolean(value);
      preview.hidden = !value;
      if (value) preview.src = pictures.address(value);
      if (value !== was) inputs.alt.value = value ? pictures.alt(value) : "";
      was = value;
    },
  });
  if (!answer) return;
  if (!answer.name) { await take(desk, answer.file, answer.alt); return; }
  pictures.describe(answer.name, answer.alt);
  if (answer.name !== chosen) place(editor, answer.name);
  else editor.commands.focus();
}

function atTheEnd(editor, lines) {
  const paragraphs = lines.map(({ text, cls = "" }) => ({ type: "paragraph", attrs: { cls }, content: [{ type: "text", text }] }));
  const last = editor.state.doc.lastChild;
  const end = editor.state.doc.content.size;
  const isSpare = last.type.name === "paragraph" && !last.childCount;
  editor.chain().focus().insertContentAt({ from: isSpare ? end - last.nodeSize : end, to: end }, paragraphs).run();
}

// The unit and the day, at the right below the text: GB/T 9704-2012, 7.3.5.
async function signature(desk) {
  const field = (name) => desk.form.elements[name];
  const now = new Date();
  const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  const answer = await ask({
    title: "落款",
    submit: "写在文末",
    fields: [
      { name: "unit", label: "落款单位", value: field("department").value, hint: "写全称。", check: ({ unit }) => (unit ? "" : "请填写落款单位") },
      { name: "day", label: "成文日期", type: "date", value: field("issued_on").value || today, check: ({ day }) => (day ? "" : "请选择成文日期") },
    ],
  });
  if (!answer) return;
  if (!field("department").value) field("department").value = answer.unit;
  if (!field("issued_on").value) field("issued_on").value = answer.day;
  const [year, month, day] = answer.day.split("-").map(Number);
  atTheEnd(desk.editor, [{ text: answer.unit, cls: "al-right" }, { text: `${year}年${month}月${day}日`, cls: "al-right" }]);
}

// The list of attachments, numbered where there are several: GB/T 9704-2012, 7.3.4.
function attached(desk) {
  const section = document.getElementById("attachments");
  const kept = [...section.querySelectorAll(".files li")].filter((line) => !line.querySelector("[name=attachment_dropped]")?.checked)
    .map((line) => line.querySelector("a").textContent);
  const fresh = [...section.querySelectorAll("[name=new_attachment]")].flatMap((input) => [...input.files].map((file) => file.name));
  const names = [...kept, ...fresh].map((name) => name.replace(/\.[^.]{1,5}$/, ""));
  if (!names.length) { desk.say("还没有附件，请先在下面“附件”一栏添加", true); return; }
  const lines = names.length === 1 ? [`附件：${names[0]}`] : names.map((name, index) => `${index ? "" : "附件："}${index + 1}. ${name}`);
  atTheEnd(desk.editor, lines.map((text) => ({ text })));
}

export function act(desk, name) {
  const { editor } = desk;
  const chain = () => editor.chain().focus();
  if (MARKS[name]) chain()[MARKS[name]]().run();
  else if (TABLE[name]) chain()[TABLE[name]]().command(name.startsWith("row") ? head : () => true).run();
  else if (name in ALIGN) align(editor, name);
  else {
    const others = {
      undo: () => chain().undo().run(),
      redo: () => chain().redo().run(),
      bullets: () => chain().toggleBulletList().run(),
      numbers: () => chain().toggleOrderedList().run(),
      quote: () => chain().toggleBlockquote().run(),
      head: () => chain().toggleHeaderRow().command(head).run(),
      clear: () => { chain().unsetAllMarks().clearNodes().run(); align(editor, "left"); },
      link: () => link(editor),
      table: () => table(editor),
      picture: () => picture(desk),
      signature: () => signature(desk),
      attached: () => attached(desk),
    };
    others[name]();
  }
}

const ACTIVE = { bold: "bold", italic: "italic", underline: "underline", strike: "strike", sub: "subscript", sup: "superscript", bullets: "bulletList", numbers: "orderedList", quote: "blockquote", link: "link" };

// Whether a button is pressed: undefined for one that never is.
export function isPressed(editor, name) {
  if (name in ACTIVE) return editor.isActive(ACTIVE[name]);
  if (name in ALIGN) return alignmentOf(editor) === name;
  return undefined;
}

export function isPossible(editor, name) {
  if (name === "undo" || name === "redo") return editor.can()[name]();
  if (name === "merge" || name === "split") return editor.can()[TABLE[name]]();
  return true;
}
