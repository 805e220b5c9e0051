// A body with formats is edited as it looks. The textarea stays what is sent: without this script,
// or after "看源码", it is edited itself. Whatever is pasted here is cleaned by the server.
"use strict";

const TOOLS = [
  ["加粗", "bold"],
  ["小标题", "formatBlock", "h2"],
  ["正文段落", "formatBlock", "p"],
  ["项目列表", "insertUnorderedList"],
  ["编号列表", "insertOrderedList"],
  ["居左", "justifyLeft"],
  ["居中", "justifyCenter"],
  ["居右", "justifyRight"],
  ["撤销", "undo"],
];

const area = document.getElementById("body");
const form = document.getElementById("body_form");
const paper = document.createElement("div");
const bar = document.createElement("div");
let isSource = false;
let was = form?.value;

function button(name, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: name });
  made.addEventListener("click", act);
  bar.append(made);
  return made;
}

function asParagraphs(text) {
  const page = document.createElement("div");
  for (const line of text.split("\n").filter((one) => one.trim())) {
    page.append(Object.assign(document.createElement("p"), { textContent: line }));
  }
  return page.innerHTML;
}

function show() {
  const isPaper = form.value === "html" && !isSource;
  area.id = isPaper ? "body-source" : "body";
  area.hidden = isPaper;
  paper.remove();
  if (isPaper) {
    paper.innerHTML = area.value || "<p><br></p>";
    area.after(paper);
  }
  bar.hidden = form.value !== "html";
  for (const tool of bar.querySelectorAll("button:not([aria-pressed])")) tool.disabled = !isPaper;
}

function begin() {
  const attributes = { contenteditable: "true", role: "textbox", "aria-multiline": "true", "aria-labelledby": "body-label", class: "paper", id: "body" };
  for (const [name, value] of Object.entries(attributes)) paper.setAttribute(name, value);
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (area.hasAttribute(name)) paper.setAttribute(name, area.getAttribute(name));
  }
  bar.className = "tools";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "正文的格式工具");
  for (const [name, command, value] of TOOLS) {
    button(name, () => { paper.focus(); document.execCommand(command, false, value); });
  }
  const source = button("看源码", () => {
    isSource = !isSource;
    source.setAttribute("aria-pressed", String(isSource));
    show();
  });
  source.setAttribute("aria-pressed", "false");
  document.execCommand("defaultParagraphSeparator", false, "p");
  document.execCommand("styleWithCSS", false, false);
  paper.addEventListener("input", () => { area.value = paper.innerHTML; });
  document.getElementById("body-label").addEventListener("click", () => { paper.focus(); });
  form.addEventListener("change", () => {
    if (form.value === "html" && was !== "html") area.value = asParagraphs(area.value);
    if (form.value !== "html" && was === "html" && paper.isConnected) area.value = paper.innerText;
    was = form.value;
    show();
  });
  area.before(bar);
  show();
}

if (area && form) begin();
