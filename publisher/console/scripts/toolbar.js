// The bars of buttons: one stop of the Tab key each, arrows go on from there.
import { act, inTable, isPossible, isPressed, style, styleOf } from "./acts.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

function rove(bar) {
  const stops = () => [...bar.querySelectorAll("button, select")].filter((one) => !one.disabled);
  const stop = (chosen) => {
    for (const one of bar.querySelectorAll("button, select")) one.tabIndex = one === chosen ? 0 : -1;
  };
  bar.addEventListener("keydown", (event) => {
    const all = stops();
    const here = all.indexOf(document.activeElement);
    const next = event.key in STEPS ? all.at((here + STEPS[event.key]) % all.length)
      : { Home: all[0], End: all.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  bar.addEventListener("focusin", (event) => stop(event.target));
  stop(stops()[0]);
}

export function wire(bars, desk) {
  const [main, tables] = bars;
  for (const bar of bars) {
    rove(bar);
    // a click leaves the selection in the text where it is
    bar.addEventListener("mousedown", (event) => { if (event.target.closest("button")) event.preventDefault(); });
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (button && button.getAttribute("aria-disabled") !== "true") act(desk, button.dataset.act);
    });
    bar.addEventListener("keydown", (event) => { if (event.key === "Escape") desk.editor.commands.focus(); });
  }
  const select = main.querySelector("select");
  select.addEventListener("change", () => style(desk.editor, select.value));
  return () => {
    const { editor } = desk;
    tables.hidden = desk.isSource || !inTable(editor);
    select.value = styleOf(editor);
    for (const button of document.querySelectorAll(".tools [data-act]")) {
      const pressed = isPressed(editor, button.dataset.act);
      if (pressed !== undefined) button.setAttribute("aria-pressed", String(pressed));
      button.setAttribute("aria-disabled", String(!isPossible(editor, button.dataset.act)));
      button.disabled = desk.isSource;
    }
    select.disabled = desk.isSource;
  };
}
