// A body is written as it looks. The textarea stays what is sent: without scripts, or after
// "看源码", it is edited itself, and what is in it is cleaned by the server in any case.
import { Editor, pm } from "./tiptap.js";
import { act, take } from "./acts.js";
import { extensions, inert, read, tidy, words, write } from "./document.js";
import { Pictures } from "./pictures.js";
import { wire } from "./toolbar.js";

const area = document.querySelector("textarea[name=body]");
const format = document.getElementById("body_form");
const bars = [...document.querySelectorAll(".tools")];
const [status, progress, count] = ["body-status", "body-progress", "body-count"].map((id) => document.getElementById(id));
const pictures = new Pictures(document.getElementById("images"), area.form);
const hint = document.getElementById("body-hint");
const plainHint = hint.textContent;

const desk = { editor: null, form: area.form, pictures, isSource: false, say, progress: showProgress };
let isOurs = false; // the textarea is being written by us
let refresh = () => {};

function say(sentence, isFault = false) {
  status.className = isFault ? "fault" : "hint";
  status.textContent = sentence;
}

function showProgress(sentence, part = 0) {
  progress.hidden = !sentence;
  progress.value = part;
  if (sentence && status.textContent !== sentence) say(sentence);
}

function asParagraphs(text) {
  const page = document.createElement("div");
  for (const line of text.split("\n").filter((one) => one.trim())) {
    page.append(Object.assign(document.createElement("p"), { textContent: line }));
  }
  return page.innerHTML;
}

const imagesOf = (data) => [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));

function takeAll(files) {
  files.reduce((before, file) => before.then(() => take(desk, file)), Promise.resolve());
}

function pasted(view, event) {
  const markup = event.clipboardData?.getData("text/html") ?? "";
  const files = imagesOf(event.clipboardData);
  const page = inert(markup);
  if (files.length && !page.body.textContent.trim()) {
    takeAll(files);
    return true;
  }
  const isForeign = [...page.querySelectorAll("img")].some((image) => !pictures.has(image.dataset.name));
  say(isForeign ? "粘贴的内容里有图片，浏览器不让取出来：请把图片另存后拖进正文" : "");
  return false;
}

function dropped(view, event, slice, isMove) {
  const files = isMove ? [] : imagesOf(event.dataTransfer);
  if (!files.length) return false;
  event.stopPropagation();
  const at = view.posAtCoords({ left: event.clientX, top: event.clientY });
  if (at) desk.editor.commands.setTextSelection(at.pos);
  takeAll(files);
  return true;
}

// The first of several paragraphs would take the looks of the one it is pasted into.
function opened(slice) {
  const first = slice.content.firstChild;
  const isOwn = slice.content.childCount > 1 && slice.openStart === 1 && (first.attrs.cls || first.type.name === "heading");
  return isOwn ? new pm.model.Slice(slice.content, 0, slice.openEnd) : slice;
}

function store() {
  const names = new Set();
  desk.editor.state.doc.descendants((node) => { if (node.type.name === "picture") names.add(node.attrs.name); });
  pictures.follow(names);
  isOurs = true;
  area.value = write(desk.editor.state.doc, (name) => pictures.alt(name));
  area.dispatchEvent(new Event("input", { bubbles: true }));
  isOurs = false;
  measure();
}

function measure() {
  const text = format.value === "html" && !desk.isSource ? words(desk.editor.state.doc, () => "") : area.value;
  count.textContent = `${text.replace(/\s|\[图\]/g, "").length} 字`;
}

function load() {
  const doc = read(area.value, desk.editor.schema, pictures);
  desk.editor.chain().setMeta("addToHistory", false).setContent(doc.toJSON(), { emitUpdate: false }).run();
}

// one of the two is what the label, the links to faults and the Tab key mean by "body"
function show() {
  const isPaper = format.value === "html" && !desk.isSource;
  const paper = desk.editor.view.dom;
  if (isPaper) load();
  area.id = isPaper ? "body-source" : "body";
  paper.id = isPaper ? "body" : "body-paper";
  area.hidden = isPaper;
  if (isPaper) paper.setAttribute("aria-labelledby", "body-label");
  else paper.removeAttribute("aria-labelledby");
  paper.parentElement.hidden = !isPaper;
  bars[0].hidden = format.value !== "html";
  hint.textContent = isPaper ? bars[0].dataset.hint : plainHint;
  refresh();
  measure();
}

function attributes() {
  const given = { role: "textbox", "aria-multiline": "true", "aria-labelledby": "body-label", class: "paper", spellcheck: "false" };
  for (const name of ["aria-describedby", "aria-invalid"]) if (area.hasAttribute(name)) given[name] = area.getAttribute(name);
  return given;
}

function changeFormat() {
  const isLess = format.value !== "html" && /<(?!\/?p>|img)/.test(area.value);
  if (was === "html" && isLess && !window.confirm("改成纯文本会去掉表格、对齐等格式。要改吗？")) {
    format.value = "html";
    return;
  }
  if (format.value === "html" && was !== "html") area.value = asParagraphs(area.value);
  if (format.value !== "html" && was === "html") area.value = words(read(area.value, desk.editor.schema, pictures), (name) => pictures.numberOf(name));
  was = format.value;
  desk.isSource = false;
  source.setAttribute("aria-pressed", "false");
  show();
}

const box = Object.assign(document.createElement("div"), { className: "paper-box" });
const isFocused = document.activeElement === area;
area.after(box);
desk.editor = new Editor({
  element: box,
  extensions: extensions(pictures),
  injectCSS: false,
  enableInputRules: false,
  enablePasteRules: false,
  editorProps: {
    attributes: attributes(),
    transformPastedHTML: (markup) => tidy(inert(markup), { numbered: () => undefined }).innerHTML,
    transformPasted: opened,
    handlePaste: pasted,
    handleDrop: dropped,
    handleKeyDown(view, event) {
      if (event.altKey && event.key === "F10") bars[0].querySelector("[tabindex='0']").focus();
      else if ((event.ctrlKey || event.metaKey) && event.key === "k") act(desk, "link");
      else return false;
      event.preventDefault();
      return true;
    },
  },
  onUpdate: store,
  onTransaction: () => refresh(),
});
refresh = wire(bars, desk);

const source = document.getElementById("body-as-source");
source.addEventListener("click", () => {
  desk.isSource = !desk.isSource;
  source.setAttribute("aria-pressed", String(desk.isSource));
  show();
});
document.getElementById("body-label").addEventListener("click", () => desk.editor.commands.focus());
format.addEventListener("change", changeFormat);
// whoever else writes into the textarea is followed
area.addEventListener("input", () => {
  if (isOurs) return;
  if (area.hidden) load();
  measure();
});
pictures.section.addEventListener("input", () => { if (area.hidden) store(); });
if (format.value === "text") {
  area.value = asParagraphs(area.value);
  format.value = "html";
}
let was = format.value;
document.querySelector(".body-foot").hidden = false;
show();
if (isFocused) desk.editor.commands.focus("end");
