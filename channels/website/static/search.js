// Searches titles where the site is only files: the months of a year are loaded when they are
// needed, the newest first. Where our own server answers, this page is not shown for a query.
"use strict";

(function () {
  const most = 50;
  const box = document.getElementById("search");
  const root = box.dataset.root + "/";
  const said = document.getElementById("said");
  const found = document.getElementById("found");
  const words = (new URLSearchParams(location.search).get("q") || "").trim();
  if (!words) return;
  document.querySelectorAll("input[name=q]").forEach(input => { input.value = words; });
  document.title = words + " - " + document.title;

  function load(name) {
    return fetch(root + "search/" + name).then(answer => {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    });
  }

  function show(row) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const day = document.createElement("time");
    link.href = root + row[0];
    link.textContent = row[1];
    day.dateTime = row[2];
    day.textContent = row[2].split("-").map(Number).map((n, at) => n + "年月日".charAt(at)).join("");
    item.append(link, " ", day);
    found.appendChild(item);
  }

  async function search() {
    const asked = words.toLowerCase().split(/\s+/);
    let count = 0;
    const months = await load("months.json");
    for (let at = 0; at < months.length && count < most; at += 1) {
      said.textContent = "正在查找 " + months[at].slice(0, 4) + "年……";
      const rows = await load("titles-" + months[at] + ".json");
      for (const row of rows) {
        const text = (row[1] + " " + row[3] + " " + row[0]).toLowerCase();
        if (count < most && asked.every(word => text.includes(word))) {
          show(row);
          count += 1;
        }
      }
    }
    said.textContent = count === 0
      ? "标题里没有找到。可以少写几个字再试，或从首页的公开目录查找。"
      : "标题里找到 " + count + (count === most ? " 条以上，请多写几个字" : " 条");
  }

  search().catch(() => { said.textContent = "搜索目录没有打开，请稍后再试，或从首页的公开目录查找。"; });
})();
