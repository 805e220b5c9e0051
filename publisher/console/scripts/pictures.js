// The pictures of the form: each stands there with its token and the words that say what it shows.
const MIB = 2 ** 20;
const WHY = {
  0: "没有连上服务器，请检查网络后再试",
  403: "登录已经过期，请在新窗口登录后再试",
  413: "图片太大，请压缩后再试",
};

export class Pictures {
  constructor(section, form) {
    this.section = section;
    this.form = form;
    this.placed = new Set();
  }

  // in the order of their numbers
  get all() {
    return [...this.section.querySelectorAll(".kept[data-name]")].map((row) => ({
      name: row.dataset.name, row, image: row.querySelector("img"), alt: row.querySelector("[name=image_alt]"),
    }));
  }

  find(name) { return this.all.find((one) => one.name === name); }
  has(name) { return this.find(name) !== undefined; }
  numbered(number) { return this.all[number - 1]; }
  numberOf(name) { return this.all.findIndex((one) => one.name === name) + 1; }
  address(name) { return this.find(name)?.image.getAttribute("src") ?? ""; }
  alt(name) { return this.find(name)?.alt.value.trim() ?? ""; }

  describe(name, words) {
    const found = this.find(name);
    found.alt.value = words;
    found.image.alt = words;
    found.alt.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // what was in the text and is not any more is dropped with the notice; undoing brings it back
  follow(names) {
    for (const { name, row } of this.all) {
      const dropped = row.querySelector("[name=image_dropped]");
      if (dropped && (names.has(name) || this.placed.has(name))) dropped.checked = !names.has(name);
    }
    names.forEach((name) => this.placed.add(name));
  }

  add({ token, name, address }) {
    if (this.has(name)) return;
    const number = this.all.length + 1;
    const row = Object.assign(document.createElement("div"), { className: "kept" });
    row.dataset.name = name;
    const made = (tag, properties, ...inner) => {
      const element = Object.assign(document.createElement(tag), properties);
      element.append(...inner);
      return element;
    };
    const id = `image-alt-${number}`;
    row.append(
      made("input", { type: "hidden", name: "image", value: token }),
      made("img", { src: address, alt: "" }),
      made("div", { className: "field" },
        made("label", { htmlFor: id, textContent: `[图${number}] 的说明（必填）` }),
        made("input", { id, name: "image_alt", maxLength: 500 }),
        made("label", { className: "tick small" },
          made("input", { type: "checkbox", name: "image_dropped", value: token }),
          made("span", { textContent: `去掉 [图${number}]` }))),
    );
    const last = this.all.at(-1)?.row;
    if (last) last.after(row);
    else this.section.querySelector("h2").after(row);
  }

  upload(file, progress) {
    const most = Number(this.section.querySelector("[data-max-mb]")?.dataset.maxMb ?? Infinity);
    if (file.size > most * MIB) return Promise.reject(new Error(`“${file.name}”超过 ${most} MB，请压缩后再试`));
    const body = new FormData();
    body.append("form_token", this.form.elements.form_token.value);
    body.append("picture", file, file.name || "图片.png");
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", "/media");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => progress(event.loaded / (event.total || 1)));
      request.addEventListener("loadend", () => {
        if (request.status === 201) resolve(request.response);
        else reject(new Error(request.response?.sentence ?? WHY[request.status] ?? "图片没有传上去，请稍后再试"));
      });
      request.send(body);
    });
  }
}
