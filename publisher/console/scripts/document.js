// What a body may hold, and its way into the editor and out again. The vocabulary, and how it is
// written, are those of documents/html.py: what is written here is left by cleaning as it is.
import {
  Blockquote, Bold, BulletList, Document, Extension, Gapcursor, HardBreak, Heading, HorizontalRule, Italic,
  ListItem, Mark, Node, OrderedList, Paragraph, Strike, Subscript, Superscript, Table, TableCell,
  TableHeader, TableRow, Text, TrailingNode, Underline, UndoRedo, pm,
} from "./tiptap.js";

const CLASSES = ["al-center", "al-right", "noindent"];
const SCOPES = ["col", "row", "colgroup", "rowgroup"];
export const HREF = /^(?:https?:\/\/|mailto:|tel:)\S+$/i;
const PLACE = /[[［【]\s*图\s*(\d{1,3})\s*[\]］】]/;
const WIDE = "\\u2e80-\\u9fff\\uf900-\\ufaff\\uff00-\\uffef\\u3000-\\u303f\\u2018-\\u201d";
const WRAPPED = new RegExp(`(?<=[${WIDE}])[ \\t]*[\\r\\n][ \\t\\r\\n]*(?=[${WIDE}])`, "g");

function classesOf(element) {
  const asked = new Set([...element.classList].filter((name) => CLASSES.includes(name)));
  const style = element.getAttribute("data-style") ?? "";
  const said = /(?:^|;)\s*text-align\s*:\s*(center|right)\b/i.exec(style)?.[1] ?? element.getAttribute("align") ?? "";
  const direction = `al-${said.trim().toLowerCase()}`;
  if (CLASSES.includes(direction) && !asked.has("al-center") && !asked.has("al-right")) asked.add(direction);
  return CLASSES.filter((name) => asked.has(name)).join(" ");
}

const CLASS = { default: "", keepOnSplit: true, parseHTML: classesOf, renderHTML: ({ cls }) => (cls ? { class: cls } : {}) };

const Aligned = Extension.create({
  name: "aligned",
  addGlobalAttributes: () => [{ types: ["paragraph", "heading"], attributes: { cls: CLASS } }],
});

const span = (name) => ({
  default: 1,
  parseHTML: (cell) => (/^[1-9]\d{0,2}$/.test(cell.getAttribute(name) ?? "") ? Number(cell.getAttribute(name)) : 1),
  renderHTML: (attributes) => (attributes[name] > 1 ? { [name]: attributes[name] } : {}),
});
const CELL = () => ({
  cls: CLASS, colspan: span("colspan"), rowspan: span("rowspan"), colwidth: { default: null, rendered: false, parseHTML: () => null },
});
const Cell = TableCell.extend({ addAttributes: CELL, renderHTML: ({ HTMLAttributes }) => ["td", HTMLAttributes, 0] });
const Header = TableHeader.extend({
  addAttributes: () => ({
    ...CELL(),
    scope: { default: "", parseHTML: (cell) => SCOPES.find((one) => one === cell.getAttribute("scope")) ?? "", rendered: false },
  }),
  renderHTML: ({ HTMLAttributes }) => ["th", HTMLAttributes, 0],
});
const Row = TableRow.extend({
  addAttributes: () => ({ part: { default: "tbody", parseHTML: (row) => row.getAttribute("data-part") ?? "tbody", renderHTML: ({ part }) => ({ "data-part": part }) } }),
});
// the library's own view and columns set styles, which our policy forbids
const Grid = Table.extend({
  addAttributes: () => ({ caption: { default: "", parseHTML: (table) => table.getAttribute("data-caption") ?? "", rendered: false } }),
  addNodeView: null,
  renderHTML({ node }) {
    const words = inert(node.attrs.caption).body.textContent;
    return ["table", {}, ...(words ? [["caption", { contenteditable: "false" }, words]] : []), ["tbody", 0]];
  },
});
const Link = Mark.create({
  name: "link",
  inclusive: false,
  addAttributes: () => ({ href: {} }),
  parseHTML: () => [{ tag: "a[href]", getAttrs: (link) => HREF.test(link.getAttribute("href")) && null }],
  renderHTML: ({ HTMLAttributes }) => ["a", HTMLAttributes, 0],
});

function pictureNode(pictures) {
  const named = (image) => image.getAttribute("data-name") ?? /^media:(.+)$/.exec(image.getAttribute("src") ?? "")?.[1];
  return Node.create({
    name: "picture",
    group: "inline",
    inline: true,
    draggable: true,
    addAttributes: () => ({ name: { default: "", parseHTML: named } }),
    parseHTML: () => [{ tag: "img", getAttrs: (image) => pictures.has(named(image)) && null }],
    renderHTML: ({ node }) => {
      const { name } = node.attrs;
      return ["img", { src: pictures.address(name), alt: pictures.alt(name) || "还没有说明的图片", "data-name": name }];
    },
  });
}

export function extensions(pictures) {
  return [
    Document, Paragraph, Text, Heading.configure({ levels: [2, 3, 4] }), BulletList, OrderedList, ListItem, Blockquote,
    HorizontalRule, HardBreak, Bold, Italic, Underline, Strike, Subscript.extend({ excludes: "superscript" }),
    Superscript.extend({ excludes: "subscript" }), Link, pictureNode(pictures), Grid.configure({ resizable: false }),
    Row, Header, Cell, Aligned, Gapcursor, TrailingNode, UndoRedo,
  ];
}

// Read markup without letting anything of it act: a style attribute alone would be reported.
export function inert(markup) {
  const tame = markup.replace(/<(style|script|xml|head|title)\b[\s\S]*?<\/\1\s*>/gi, "").replace(/<(?:link|meta)\b[^>]*>/gi, "")
    .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/\sstyle(\s*=)/gi, " data-style$1").replace(/\son\w+\s*=/gi, " data-on="));
  return new DOMParser().parseFromString(tame, "text/html");
}

function renamed(element, tag) {
  const fresh = element.ownerDocument.createElement(tag);
  for (const { name, value } of element.attributes) fresh.setAttribute(name, value);
  fresh.append(...element.childNodes);
  element.replaceWith(fresh);
}

function wrapped(element, tag) {
  const inner = element.ownerDocument.createElement(tag);
  inner.append(...element.childNodes);
  element.append(inner);
}

function tidyWords(page, pictures) {
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    if (/^[ \t\r\n\f]*[\r\n][ \t\r\n\f]*$/.test(text.data) && text.parentElement.matches("body,div,ul,ol,li,table,thead,tbody,tfoot,tr,td,th,blockquote")) {
      text.remove();
      continue;
    }
    text.data = text.data.replace(WRAPPED, "").replace(/[\t\r\n\f]+/g, " ");
    const pieces = text.data.split(PLACE).map((piece, index) => (index % 2 ? pictures.numbered(Number(piece)) ?? `[图${piece}]` : piece));
    if (pieces.length === 1) continue;
    text.replaceWith(...pieces.map((piece) => {
      if (typeof piece === "string") return piece;
      const image = page.createElement("img");
      image.setAttribute("data-name", piece.name);
      return image;
    }));
  }
}

function tidyTable(table) {
  const caption = table.querySelector(":scope > caption");
  if (caption) {
    table.setAttribute("data-caption", caption.innerHTML);
    caption.remove();
  }
  table.querySelectorAll(":scope > colgroup").forEach((columns) => columns.remove());
  for (const row of table.rows) if (!row.dataset.part) row.dataset.part = row.parentElement.localName;
  for (const cell of table.querySelectorAll("td, th")) {
    const blocks = [...cell.children].filter((one) => one.matches("p,div,h1,h2,h3,h4,h5,h6"));
    const found = new Set(blocks.map(classesOf));
    if (!classesOf(cell) && found.size === 1) cell.classList.add(...[...found][0].split(" ").filter(Boolean));
    for (const block of blocks) ["class", "align", "data-style"].forEach((name) => block.removeAttribute(name));
  }
}

// Bring foreign markup nearer to the vocabulary, as cleaning does.
export function tidy(page, pictures) {
  tidyWords(page, pictures);
  const shift = page.querySelector("h1") ? 1 : 0;
  for (const heading of page.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
    renamed(heading, `h${Math.min(Number(heading.localName[1]) + shift, 4)}`);
  }
  page.querySelectorAll("table").forEach(tidyTable);
  for (const styled of page.querySelectorAll("span[data-style]")) {
    const style = styled.getAttribute("data-style");
    if (/font-weight\s*:\s*(?:bold|[6-9]00)/i.test(style)) wrapped(styled, "strong");
    if (/text-decoration[^;]*:\s*[^;]*underline/i.test(style)) wrapped(styled, "u");
  }
  return page.body;
}

export function read(markup, schema, pictures) {
  return pm.model.DOMParser.fromSchema(schema).parse(tidy(inert(markup), pictures), { preserveWhitespace: true });
}

const TAGS = { bold: "strong", italic: "em", underline: "u", strike: "s", subscript: "sub", superscript: "sup" };
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const quoted = (text) => escaped(text).replace(/"/g, "&quot;");
const isEmpty = (inner) => !inner.replace(/<(?!img|u>)[^>]*>/g, "").trim();
const trimmed = (inner) => inner.replace(/^(?:\s|<br>)+/, "").replace(/(?:\s|<br>)+$/, "");
const flat = (inner) => trimmed(inner).replace(/<br>(?:\s|<br>)*/g, "<br>");
const classed = (cls) => (cls ? ` class="${cls}"` : "");
const childrenOf = (node) => Array.from({ length: node.childCount }, (_, index) => node.child(index));

// A document as the HTML of a body; alt(name) says what a picture shows.
export function write(doc, alt) {
  const leaf = (node) => {
    if (node.isText) return escaped(node.text);
    if (node.type.name === "picture") return `<img src="media:${node.attrs.name}" alt="${quoted(alt(node.attrs.name))}">`;
    return "<br>";
  };
  const marked = (mark, inner) => {
    if (mark.type.name === "underline" && inner && !inner.trim()) return `<u>${"\u00a0".repeat(inner.length)}</u>`;
    if (isEmpty(inner)) return inner;
    const tag = TAGS[mark.type.name];
    return tag ? `<${tag}>${inner}</${tag}>` : `<a href="${quoted(mark.attrs.href)}">${inner}</a>`;
  };
  // of the marks that begin here, the one that reaches farthest stands outermost
  const run = (nodes, open) => {
    let out = "";
    for (let here = 0; here < nodes.length;) {
      const reach = (mark) => {
        let end = here;
        while (end < nodes.length && mark.isInSet(nodes[end].marks)) end += 1;
        return end;
      };
      const begun = nodes[here].marks.filter((mark) => !mark.isInSet(open));
      if (!begun.length) {
        out += leaf(nodes[here]);
        here += 1;
        continue;
      }
      const outer = begun.reduce((one, other) => (reach(other) > reach(one) ? other : one));
      const end = reach(outer);
      out += marked(outer, run(nodes.slice(here, end), [...open, outer]));
      here = end;
    }
    return out;
  };
  const inline = (node) => run(childrenOf(node), []);
  const block = (tag, node, shape) => {
    const inner = shape(inline(node));
    return isEmpty(inner) ? "" : `<${tag}${classed(node.attrs.cls)}>${inner}</${tag}>`;
  };
  const blocks = (node) => childrenOf(node).map(one).join("");
  const item = (node) => {
    const [first, ...rest] = childrenOf(node);
    const isSimple = rest.every((child) => child.type.name.endsWith("List"));
    const inner = isSimple ? trimmed(inline(first)) + rest.map(one).join("") : blocks(node);
    return isEmpty(inner) ? "" : `<li>${inner}</li>`;
  };
  const list = (tag, node) => {
    const items = childrenOf(node).map(item).join("");
    const start = node.attrs.start > 1 ? ` start="${node.attrs.start}"` : "";
    return items && `<${tag}${start}>${items}</${tag}>`;
  };
  const cell = (node, part) => {
    const isHead = node.type.name === "tableHeader";
    const scope = isHead ? node.attrs.scope || (part === "thead" ? "col" : "") : "";
    const isRich = childrenOf(node).some((child) => /List$|^table$|^blockquote$/.test(child.type.name));
    const inner = isRich ? blocks(node) : flat(childrenOf(node).map(inline).join("<br>"));
    const spans = ["colspan", "rowspan"].map((name) => (node.attrs[name] > 1 ? ` ${name}="${node.attrs[name]}"` : "")).join("");
    const tag = isHead ? "th" : "td";
    return `<${tag}${scope && ` scope="${scope}"`}${spans}${classed(node.attrs.cls)}>${isEmpty(inner) ? "" : inner}</${tag}>`;
  };
  const grid = (node) => {
    const rows = childrenOf(node);
    const head = rows.findIndex((row) => row.attrs.part !== "thead");
    const firsts = head < 0 ? rows.length : head;
    let lasts = rows.length;
    while (lasts > firsts && rows[lasts - 1].attrs.part === "tfoot") lasts -= 1;
    const part = (name, begin, end) => {
      const inner = rows.slice(begin, end).map((row) => {
        const cells = childrenOf(row).map((child) => cell(child, name)).join("");
        return cells && `<tr>${cells}</tr>`;
      }).join("");
      return inner && `<${name}>${inner}</${name}>`;
    };
    const { caption } = node.attrs;
    return `<table>${caption && `<caption>${caption}</caption>`}${part("thead", 0, firsts)}${part("tbody", firsts, lasts)}${part("tfoot", lasts)}</table>`;
  };
  const one = (node) => {
    switch (node.type.name) {
      case "paragraph": return block("p", node, trimmed);
      case "heading": return block(`h${node.attrs.level}`, node, flat);
      case "horizontalRule": return "<hr>";
      case "bulletList": return list("ul", node);
      case "orderedList": return list("ol", node);
      case "table": return grid(node);
      default: {
        const inner = blocks(node);
        return inner && `<blockquote>${inner}</blockquote>`;
      }
    }
  };
  return blocks(doc);
}

// A document as lines of words, a picture as its place.
export function words(doc, numberOf) {
  const leaf = (node) => (node.type.name === "picture" ? `[图${numberOf(node.attrs.name)}]` : "\n");
  return doc.textBetween(0, doc.content.size, "\n", leaf).split("\n").map((line) => line.trim()).filter(Boolean).join("\n");
}
