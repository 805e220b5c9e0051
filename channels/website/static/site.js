// Large type and high contrast, as a reader chose them on this machine. Without it all else works.
"use strict";

(function () {
  const page = document.documentElement;
  const names = ["large", "contrast"];

  function isOn(name) {
    try {
      return localStorage.getItem("site." + name) === "on";
    } catch (error) {
      return page.classList.contains(name); // storage is forbidden: it holds for this page
    }
  }

  function set(name, on) {
    page.classList.toggle(name, on);
    try {
      localStorage.setItem("site." + name, on ? "on" : "off");
    } catch (error) {
      return;
    }
  }

  names.forEach(name => page.classList.toggle(name, isOn(name))); // before anything is drawn

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".switches").forEach(box => { box.hidden = false; });
    document.querySelectorAll("[data-switch]").forEach(button => {
      const name = button.dataset.switch;
      button.setAttribute("aria-pressed", String(isOn(name)));
      button.addEventListener("click", () => {
        set(name, !page.classList.contains(name));
        button.setAttribute("aria-pressed", String(page.classList.contains(name)));
      });
    });
  });
})();
