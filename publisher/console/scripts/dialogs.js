// A question in a window of its own. It stands outside the form of the notice, so nothing of it is sent.
let asked = 0;

function fieldOf(own) {
  asked += 1;
  const id = `asked-${asked}`;
  const box = Object.assign(document.createElement("div"), { className: "field" });
  const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: own.label });
  const input = document.createElement(own.options ? "select" : "input");
  input.id = id;
  if (own.options) input.append(...own.options.map(([value, text]) => new Option(text, value)));
  else input.type = own.type ?? "text";
  for (const name of ["accept", "max", "min", "maxLength"]) if (own[name] !== undefined) input[name] = own[name];
  if (own.value !== undefined) input.value = own.value;
  const fault = Object.assign(document.createElement("p"), { className: "fault", id: `${id}-fault`, hidden: true });
  box.append(label);
  if (own.hint) {
    box.append(Object.assign(document.createElement("p"), { className: "hint", id: `${id}-hint`, textContent: own.hint }));
    input.setAttribute("aria-describedby", `${id}-hint`);
  }
  box.append(input, fault);
  return { own, box, input, fault };
}

function say(field, sentence) {
  field.fault.hidden = !sentence;
  field.fault.textContent = sentence;
  if (sentence) {
    field.input.setAttribute("aria-invalid", "true");
    field.input.setAttribute("aria-describedby", field.fault.id);
  } else field.input.removeAttribute("aria-invalid");
}

// Give the values by name, or null where the person thought better of it. check(values) of a field
// gives the sentence that says what is wrong with it, or "".
export function ask({ title, fields, submit = "确定", before, change }) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "ask" });
  const form = Object.assign(document.createElement("form"), { method: "dialog", className: "stack", noValidate: true });
  const heading = Object.assign(document.createElement("h2"), { textContent: title, id: `asked-title-${asked}` });
  const made = fields.map(fieldOf);
  const row = Object.assign(document.createElement("div"), { className: "row" });
  const yes = Object.assign(document.createElement("button"), { type: "submit", className: "primary", textContent: submit });
  const no = Object.assign(document.createElement("button"), { type: "button", textContent: "取消" });
  row.append(yes, no);
  form.append(heading, ...(before ? [before] : []), ...made.map((one) => one.box), row);
  dialog.append(form);
  dialog.setAttribute("aria-labelledby", heading.id);
  document.body.append(dialog);
  const inputs = Object.fromEntries(made.map((one) => [one.own.name, one.input]));
  const values = () => Object.fromEntries(made.map(({ own, input }) => [own.name, own.type === "file" ? input.files[0] : input.value.trim()]));
  form.addEventListener("change", () => change?.(inputs, made));
  change?.(inputs, made);
  return new Promise((resolve) => {
    let answer = null;
    no.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      made.forEach((field) => say(field, field.own.check?.(values()) ?? ""));
      const wrong = made.find((field) => !field.fault.hidden);
      if (wrong) { wrong.input.focus(); return; }
      answer = values();
      dialog.close();
    });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(answer); });
    dialog.showModal();
    made.find((one) => !one.box.hidden)?.input.focus();
  });
}
