const WORDS = { good: "good", ok: "enough", amber: "few", red: "too few", none: "no example" };

function render({ model, el }) {
  el.classList.add("genlab-readiness");

  const ask = (event, values) => () => model.send({ event, ...values });

  const tasks = (items, total) =>
    h("ul", { class: "genlab-tasks" },
      items.map((task) => h("li", {}, h("b", {}, `#${task.id}`), task.title ? ` ${task.title}` : "")),
      total > items.length ? h("li", { class: "genlab-quiet" }, `and ${total - items.length} more`) : null);

  const why = () => h("div", { class: "genlab-why" }, model.get("reasons").map((reason) =>
    h("div", { class: "genlab-reason" },
      h("span", { class: "genlab-count" }, reason.count.toLocaleString()), h("span", {}, reason.sentence),
      reason.trains ? h("span", { class: "genlab-chip genlab-ok" }, "trains") : null,
      reason.tasks.length ? tasks(reason.tasks, reason.count) : null)));

  const label = (item, most) => {
    const fill = h("div", { class: "genlab-fill" });
    fill.style.width = `${(100 * item.total) / Math.max(1, most)}%`;
    fill.style.background = item.colour;
    const shown = model.get("shown") === item.label;
    const left = item.left_out
      ? h("button", { type: "button", class: "genlab-link", "data-key": `take-${item.label}`, "aria-label": `Take ${item.label} in again`, onclick: ask("take_in", { label: item.label }) }, "Take in again")
      : h("button", { type: "button", class: "genlab-link", "data-key": `leave-${item.label}`, "aria-label": `Leave ${item.label} out`, onclick: ask("leave_out", { label: item.label }) }, "Leave out");
    const show = item.tasks.length
      ? h("button", { type: "button", class: "genlab-link", "data-key": `show-${item.label}`, "aria-expanded": String(shown),
          "aria-label": `${shown ? "Hide" : "Show"} tasks with ${item.label}`, onclick: ask("show", { label: shown ? "" : item.label }) }, shown ? "Hide tasks" : "Show tasks") : null;
    return h("li", { class: item.left_out ? "genlab-leftout" : null },
      h("span", { class: "genlab-name", title: item.label }, item.label),
      h("span", { class: "genlab-track", "aria-hidden": "true" }, fill),
      h("span", { class: "genlab-count" }, item.left_out ? "" : item.total.toLocaleString()),
      h("span", { class: `genlab-grade genlab-${item.grade}` }, item.left_out ? "left out" : item.more ? `${WORDS[item.grade]}: ${item.more} more would help` : WORDS[item.grade]),
      h("span", { class: "genlab-rowactions" }, show, model.get("can_leave_out") || item.left_out ? left : null),
      shown && item.tasks.length ? tasks(item.tasks, item.tasks.length) : null);
  };

  const finding = (item) =>
    h("li", { class: `genlab-finding genlab-${item.level}` },
      h("span", { class: "genlab-word" }, { fail: "Stops", warn: "Note", ok: "Fine" }[item.level]),
      h("span", {}, item.message, item.next_step ? h("span", { class: "genlab-next" }, ` ${item.next_step}`) : null));

  const draw = () => {
    const labels = model.get("labels");
    const most = Math.max(0, ...labels.map((item) => item.total));
    const open = model.get("expanded");
    redraw(el,
      h("div", { class: "genlab-readyline" },
        h("span", { role: "status" }, model.get("busy") ? "Checking the tasks \u2026" : model.get("headline")),
        model.get("reasons").length ? h("button", { type: "button", class: "genlab-link", "data-key": "why", "aria-expanded": String(open), onclick: ask("why") }, open ? "Hide why" : "Why?") : null),
      open ? why() : null,
      h("ul", { class: "genlab-labels", "aria-label": "Examples of each label" }, labels.map((item) => label(item, most))),
      h("ul", { class: "genlab-findings", "aria-label": "Findings" }, model.get("findings").map(finding)));
    el.classList.toggle("genlab-busy", model.get("busy"));
  };

  return follow(model, el, ["busy", "headline", "reasons", "labels", "findings", "expanded", "shown", "can_leave_out"], draw);
}

export default { render };
