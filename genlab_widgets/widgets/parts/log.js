function render({ model, el }) {
  const area = h("div", { class: "genlab-log", role: "log", tabindex: "0", "aria-label": model.get("label") });
  const note = h("div", { class: "genlab-hint" });
  el.append(area, note);
  let next = null;

  const draw = () => {
    const first = model.get("first");
    const lines = model.get("lines");
    const atEnd = area.scrollHeight - area.scrollTop - area.clientHeight < 24;
    if (next === null || first > next || first + lines.length < next) {
      area.replaceChildren();
      next = first;
    }
    area.append(...lines.slice(next - first).map((line) => h("div", {}, line || "\u00a0")));
    next = first + lines.length;
    while (area.childElementCount > lines.length) area.firstElementChild.remove();
    note.textContent = first > 0 ? `The last ${lines.length} of ${next} lines; the download has all of them.` : "";
    if (!next) area.append(h("div", { class: "genlab-quiet" }, "The log is empty so far."));
    else area.querySelector(".genlab-quiet")?.remove();
    if (atEnd) area.scrollTop = area.scrollHeight;
  };

  return follow(model, el, ["lines"], draw);
}

export default { render };
