function render({ model, el }) {
  el.classList.add("genlab-tablebox");
  const head = h("thead");
  const body = h("tbody");
  const caption = h("caption");
  const table = h("table", { class: "genlab-table" }, caption, head, body);
  const foot = h("div", { class: "genlab-tablefoot" });
  el.append(h("div", { class: "genlab-scroll", tabindex: "0", role: "region", "aria-label": model.get("caption") }, table), foot);
  const timers = {};

  const title = (column) => {
    const sort = model.get("sort");
    const direction = sort.key === column.key ? (sort.descending ? "descending" : "ascending") : null;
    const arrow = direction === null ? "" : direction === "ascending" ? " \u25b4" : " \u25be";
    const content = column.sortable
      ? h("button", { type: "button", class: "genlab-sort", "data-key": `sort-${column.key}`,
          onclick: () => model.send({ event: "sort", key: column.key }) }, column.title, h("span", { "aria-hidden": "true" }, arrow))
      : column.title;
    return h("th", { scope: "col", "aria-sort": direction ?? false, class: column.numeric ? "genlab-right" : null }, content);
  };

  const filter = (column) => {
    if (!column.filter) return h("td", {});
    const attributes = { "aria-label": `Filter by ${column.title}`, "data-key": `filter-${column.key}` };
    const value = model.get("filters")[column.key] ?? "";
    const send = (text) => model.send({ event: "filter", key: column.key, value: text });
    if (column.options) {
      const select = h("select", { ...attributes, onchange: (e) => send(e.target.value) },
        h("option", { value: "" }, "all"), column.options.map((o) => h("option", { value: o.value }, o.title)));
      select.value = value;
      return h("td", {}, select);
    }
    const input = h("input", { ...attributes, type: "search", autocomplete: "off", placeholder: "filter",
      oninput: (e) => { clearTimeout(timers[column.key]); timers[column.key] = setTimeout(() => send(e.target.value), 250); } });
    input.value = value;
    return h("td", {}, input);
  };

  const drawHead = () => {
    const columns = model.get("columns");
    const pick = model.get("selectable");
    caption.textContent = model.get("caption");
    const actions = model.get("actions") ? [h("th", { scope: "col" }, h("span", { class: "genlab-hidden" }, "Actions"))] : [];
    const titles = h("tr", {}, pick ? h("th", { scope: "col" }, h("span", { class: "genlab-hidden" }, "Select")) : null, columns.map(title), actions);
    const filters = columns.some((column) => column.filter)
      ? h("tr", { class: "genlab-filters" }, pick ? h("td", {}) : null, columns.map(filter), actions.length ? h("td", {}) : null) : null;
    redraw(head, titles, filters);
  };

  // Long names have no blanks: their underscores are where a line may end.
  const broken = (text) => String(text).split(/(?<=_)/).flatMap((part) => [part, h("wbr", {})]);

  const cell = (column, value, index) => {
    const content = [];
    const text = value?.text ?? "";
    if (value?.chip) content.push(h("span", { class: `genlab-chip genlab-${value.chip}` }, text));
    else content.push(...(column.wide ? broken(text) : [text]));
    if (value?.small) content.push(h("small", {}, ` ${value.small}`));
    const attributes = { class: column.numeric ? "genlab-right" : column.wide ? "genlab-wide" : null, title: value?.title };
    return index === 0 ? h("th", { scope: "row", ...attributes }, content) : h("td", attributes, content);
  };

  const row = (item) => {
    const selected = model.get("selected").includes(item.id);
    const pick = model.get("selectable")
      ? h("td", {}, (() => {
          const box = h("input", { type: "checkbox", "aria-label": `Select ${item.name}`, "data-key": `pick-${item.id}`,
            onchange: (e) => model.send({ event: "select", id: item.id, on: e.target.checked }) });
          box.checked = selected;
          return box;
        })())
      : null;
    const actions = model.get("actions")
      ? [h("td", { class: "genlab-rowactions" }, (item.actions ?? []).map((action) =>
          h("button", { type: "button", class: "genlab-link", "data-key": `${action.name}-${item.id}`, disabled: action.disabled,
            title: action.title, "aria-label": `${action.text}: ${item.name}`,
            onclick: () => model.send({ event: "action", name: action.name, id: item.id }) }, action.text)))]
      : [];
    return h("tr", { class: selected ? "genlab-selected" : null }, pick,
      model.get("columns").map((column, index) => cell(column, item.cells[column.key], index)), actions);
  };

  const drawBody = () => {
    const rows = model.get("rows");
    const span = model.get("columns").length + 2;
    redraw(body, rows.length ? rows.map(row) : h("tr", {}, h("td", { colspan: span, class: "genlab-quiet" }, model.get("empty"))));
  };

  const drawFoot = () => {
    const { page, pages, total } = model.get("paging");
    const go = (target) => () => model.send({ event: "page", page: target });
    const step = (text, target, enabled) =>
      h("button", { type: "button", class: "genlab-link", "data-key": text, disabled: !enabled, onclick: go(target) }, text);
    redraw(foot, h("span", { role: "status" }, model.get("count") || ""),
      pages > 1 ? h("nav", { "aria-label": "Pages of the table" }, step("Previous", page - 1, page > 0),
        h("span", {}, ` ${page + 1} of ${pages} `), step("Next", page + 1, page + 1 < pages)) : null);
    foot.hidden = !total && !model.get("count");
  };

  const stops = [
    follow(model, el, ["columns", "sort", "selectable", "actions", "caption"], drawHead),
    follow(model, el, ["rows", "selected", "empty"], drawBody),
    follow(model, el, ["paging", "count"], drawFoot),
  ];
  return () => stops.forEach((stop) => stop());
}

export default { render };
