"use strict";
(() => {
  const PAGE = 25;
  const byId = (id) => document.getElementById(id);
  const make = (tag, text, name) => {
    const one = document.createElement(tag);
    if (text !== undefined) one.textContent = text;
    if (name) one.className = name;
    return one;
  };

  // Light and dark: follow the system until the reader decides.
  const theme = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  let dark = system.matches;
  const paint = () => {
    theme.textContent = dark ? "Light" : "Dark";
  };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    dark = !dark;
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
    paint();
  });
  paint();

  // A link to a trial opens its timeline, or its row where it has none.
  const hashTrial = () => {
    const match = /^#trial=(.+)$/.exec(location.hash);
    try {
      return match ? decodeURIComponent(match[1]) : null;
    } catch {
      return null;
    }
  };
  const follow = () => {
    const id = hashTrial();
    if (id === null) return;
    const timeline = byId(`trial=${id}`);
    if (timeline) {
      timeline.open = true;
      timeline.scrollIntoView({ block: "start" });
    } else if (data) {
      byId("find").value = id;
      byId("verdict").value = "";
      refresh();
      byId("trials").scrollIntoView({ block: "start" });
    }
  };
  addEventListener("hashchange", follow);

  // The grid: all trials, filtered, sorted, one page at a time.
  let data = null;
  let order = [];
  let page = 0;
  let sorting = { column: -1, up: true };
  let opened = null;
  const text = (row, column) => data.texts[data.rows[row][0][column][0]];
  const value = (row, column) => data.rows[row][0][column][1];
  const numeric = (column) => data.rows.some((row) => row[0][column][1] !== null);

  const compare = (column) => (a, b) => {
    const [x, y] = [value(a, column), value(b, column)];
    if (x !== null && y !== null) return x - y;
    if (x !== null || y !== null) return x === null ? 1 : -1;
    const [s, t] = [text(a, column), text(b, column)];
    return s < t ? -1 : s > t ? 1 : 0;
  };

  const refresh = () => {
    const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = byId("verdict").value;
    order = [];
    data.rows.forEach((row, index) => {
      if (verdict && data.texts[row[4]] !== verdict) return;
      if (words.length) {
        const whole = row[0].map((cell) => data.texts[cell[0]]).join(" ").toLowerCase();
        if (!words.every((word) => whole.includes(word))) return;
      }
      order.push(index);
    });
    if (sorting.column >= 0) {
      const forward = compare(sorting.column);
      order.sort((a, b) => (sorting.up ? forward(a, b) : forward(b, a)) || a - b);
    }
    page = 0;
    opened = null;
    draw();
  };

  const icon = (verdict) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("class", `icon v-${verdict}`);
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(space, "use");
    use.setAttribute("href", `#v-${verdict}`);
    svg.append(use);
    return svg;
  };

  const rowOf = (index, numbers) => {
    const line = make("tr");
    line.dataset.row = index;
    data.columns.forEach((_, column) => {
      const cell = make("td", undefined, numbers[column] ? "n" : "");
      if (column === 0) cell.append(icon(data.texts[data.rows[index][4]]), " ");
      if (column === data.columns.length - 1) {
        const button = make("a", text(index, column));
        button.href = `#trial=${encodeURIComponent(text(index, column))}`;
        cell.append(button);
      } else {
        cell.append(text(index, column));
      }
      line.append(cell);
    });
    return line;
  };

  const moreOf = (index) => {
    const line = make("tr", undefined, "more");
    const cell = make("td");
    cell.colSpan = data.columns.length;
    const reasons = data.rows[index][1];
    if (reasons.length) {
      const list = make("ul");
      reasons.forEach((one) => list.append(make("li", data.texts[one])));
      cell.append(list);
    }
    cell.append(make("code", `${data.replay} ${data.texts[data.rows[index][2]]}`, "command"));
    line.append(cell);
    return line;
  };

  const draw = () => {
    const body = byId("grid-body");
    const numbers = data.columns.map((_, column) => numeric(column));
    body.replaceChildren();
    const from = page * PAGE;
    order.slice(from, from + PAGE).forEach((index) => {
      body.append(rowOf(index, numbers));
      if (index === opened) body.append(moreOf(index));
    });
    const upTo = Math.min(order.length, from + PAGE);
    byId("shown").textContent = order.length ? `${from + 1} to ${upTo} of ${order.length}` : "no trial matches";
    byId("back").disabled = page === 0;
    byId("next").disabled = upTo >= order.length;
    [...byId("grid-head").children].forEach((head, column) => {
      const way = sorting.up ? "ascending" : "descending";
      head.setAttribute("aria-sort", column === sorting.column ? way : "none");
    });
  };

  const start = () => {
    data.columns.forEach((name, column) => {
      const head = make("th", undefined, numeric(column) ? "n" : "");
      const button = make("button", name);
      button.type = "button";
      button.addEventListener("click", () => {
        sorting = { column, up: sorting.column === column ? !sorting.up : true };
        refresh();
      });
      head.scope = "col";
      head.append(button);
      byId("grid-head").append(head);
    });
    byId("find").addEventListener("input", refresh);
    byId("verdict").addEventListener("change", refresh);
    byId("back").addEventListener("click", () => { page -= 1; draw(); });
    byId("next").addEventListener("click", () => { page += 1; draw(); });
    byId("grid-body").addEventListener("click", (event) => {
      const line = event.target.closest("tr[data-row]");
      if (!line || event.target.closest("a")) return;
      const index = Number(line.dataset.row);
      opened = opened === index ? null : index;
      draw();
    });
    byId("grid").hidden = false;
    refresh();
    follow();
  };

  const unpack = async () => {
    const bytes = Uint8Array.from(atob(byId("grid-data").textContent), (one) => one.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    data = JSON.parse(await new Response(stream).text());
    start();
  };
  if (typeof DecompressionStream === "function") {
    unpack();
  } else {
    byId("trials").append(make("p", "This browser is too old to unpack the list of all trials; the rest of the page is whole.", "note"));
    follow();
  }
})();
