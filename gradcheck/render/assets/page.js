"use strict";
(function () {
  const root = document.documentElement;
  root.classList.add("js-on");

  // Storage is denied to some local files; the theme then lasts as long as the page.
  function remembered() { try { return localStorage.getItem("gradcheck-theme") || "auto"; } catch (e) { return "auto"; } }
  function remember(theme) { try { localStorage.setItem("gradcheck-theme", theme); } catch (e) { return; } }

  function show(theme) {
    if (theme === "auto") { delete root.dataset.theme; } else { root.dataset.theme = theme; }
    const button = document.getElementById("theme");
    if (button) { button.textContent = "theme: " + theme; }
  }

  let theme = remembered();
  show(theme);

  function nextTheme() {
    theme = { auto: "light", light: "dark", dark: "auto" }[theme] || "auto";
    remember(theme);
    show(theme);
  }

  function say(text) { document.getElementById("said").textContent = text; }

  function copy(button) {
    const text = document.getElementById(button.dataset.copy).textContent;
    const done = function () { button.textContent = "copied"; say("copied"); };
    const byHand = function () {
      const area = document.createElement("textarea");
      area.value = text;
      area.rows = 12;
      area.className = "byhand";
      area.setAttribute("aria-label", "text of the finding, to be copied");
      button.closest("article").append(area);
      area.select();
    };
    if (navigator.clipboard) { navigator.clipboard.writeText(text).then(done, byHand); } else { byHand(); }
  }

  function sorted(table, column, button) {
    const head = table.tHead.rows[0].cells[column];
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const cell of table.tHead.rows[0].cells) { cell.removeAttribute("aria-sort"); }
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = function (row) { const cell = row.cells[column]; return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value); };
    const rows = Array.from(table.tBodies[0].rows);
    rows.sort(function (a, b) {
      const x = key(a), y = key(b);
      const order = typeof x === "number" ? x - y : x.localeCompare(y, "en", { numeric: true });
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
    say("sorted by " + button.textContent + (down ? ", descending" : ", ascending"));
  }

  function makeSortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (cell, column) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = cell.textContent;
      button.addEventListener("click", function () { sorted(table, column, button); });
      cell.replaceChildren(button);
    });
  }

  function filter(text) {
    const wanted = text.trim().toLowerCase();
    let count = 0;
    for (const item of document.querySelectorAll("[data-filter]")) {
      item.hidden = wanted !== "" && !item.textContent.toLowerCase().includes(wanted);
      if (!item.hidden) { count += 1; }
    }
    say(wanted ? count + " found" : "");
    const query = wanted ? "#?q=" + encodeURIComponent(wanted) : location.pathname + location.search;
    try { history.replaceState(null, "", query); } catch (e) { return; }
  }

  function openTarget() {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) { fold.open = true; }
    if (target) { target.scrollIntoView(); }
  }

  function step(by) {
    const cards = Array.from(document.querySelectorAll("article.card")).filter(function (card) { return !card.hidden; });
    if (!cards.length) { return; }
    const now = cards.indexOf(document.activeElement.closest("article.card"));
    const card = cards[now < 0 ? (by > 0 ? 0 : cards.length - 1) : (now + by + cards.length) % cards.length];
    const fold = card.closest("details");
    if (fold) { fold.open = true; }
    card.focus();
    card.scrollIntoView({ block: "start" });
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, dialog")) { return; }
    const action = {
      j: function () { step(1); },
      k: function () { step(-1); },
      t: nextTheme,
      s: function () { const place = document.querySelector("section[id$=source]"); if (place) { place.scrollIntoView(); } },
      "/": function () { document.getElementById("filter").focus(); },
      "?": function () { document.getElementById("keys").showModal(); },
    }[event.key];
    if (action) { event.preventDefault(); action(); }
  }

  function scrollToHit(pane) {
    const hit = pane.querySelector("tr.hit");
    if (hit) { pane.scrollTop = Math.max(0, hit.offsetTop - pane.clientHeight / 3); }
  }

  document.addEventListener("DOMContentLoaded", function () {
    show(theme);
    document.querySelectorAll("table.sortable").forEach(makeSortable);
    document.querySelectorAll("details[data-fold]").forEach(function (fold) { fold.open = false; });
    document.querySelectorAll(".source").forEach(scrollToHit);
    document.querySelectorAll("button.copy").forEach(function (button) { button.addEventListener("click", function () { copy(button); }); });
    document.getElementById("theme").addEventListener("click", nextTheme);
    document.getElementById("help").addEventListener("click", function () { document.getElementById("keys").showModal(); });
    const box = document.getElementById("filter");
    box.addEventListener("input", function () { filter(box.value); });
    box.addEventListener("keydown", function (event) { if (event.key === "Escape") { box.value = ""; filter(""); box.blur(); } });
    document.addEventListener("keydown", pressed);
    window.addEventListener("hashchange", openTarget);
    window.addEventListener("beforeprint", function () { document.querySelectorAll("details").forEach(function (fold) { fold.open = true; }); });
    if (location.hash.startsWith("#?q=")) { box.value = decodeURIComponent(location.hash.slice(4)); filter(box.value); } else { openTarget(); }
  });
})();
