const TRAITS = ["label", "kind", "options", "hint", "error", "disabled", "unit", "placeholder"];

function render({ model, el }) {
  el.classList.add("genlab-field");
  const id = freshId();
  let timer;

  const send = (value) => {
    clearTimeout(timer);
    if (JSON.stringify(value) !== JSON.stringify(model.get("value"))) put(model, "value", value);
  };
  const later = (value) => {
    clearTimeout(timer);
    timer = setTimeout(() => send(value), 500);
  };

  const described = () => ({
    id,
    "data-key": "control",
    "aria-describedby": `${id}-hint`,
    "aria-invalid": model.get("error") ? "true" : false,
    disabled: model.get("disabled"),
  });

  const controls = {
    text: () =>
      h("input", { ...described(), type: "text", autocomplete: "off",
        oninput: (e) => later(e.target.value), onchange: (e) => send(e.target.value) }),
    area: () =>
      h("textarea", { ...described(), rows: "4", spellcheck: "false",
        oninput: (e) => later(e.target.value), onchange: (e) => send(e.target.value) }),
    number: () =>
      h("input", { ...described(), type: "text", inputmode: "decimal", autocomplete: "off", class: "genlab-number",
        placeholder: model.get("placeholder"),
        oninput: (e) => later(e.target.value), onchange: (e) => send(e.target.value) }),
    select: () =>
      h("select", { ...described(), onchange: (e) => send(e.target.value) },
        model.get("options").map((o) => h("option", { value: o.value, disabled: o.disabled }, o.title))),
    checkbox: () =>
      h("input", { ...described(), type: "checkbox", onchange: (e) => send(e.target.checked) }),
    many: () =>
      h("div", { id, role: "group", "aria-labelledby": `${id}-label`, "aria-describedby": `${id}-hint`, class: "genlab-many" },
        model.get("options").map((o) =>
          h("label", { class: "genlab-tick" },
            h("input", { type: "checkbox", value: o.value, "data-key": o.value, disabled: model.get("disabled") || o.disabled,
              onchange: () => send([...el.querySelectorAll("input:checked")].map((box) => box.value)) }),
            h("span", {}, o.title))),
        model.get("options").length ? null : h("span", { class: "genlab-quiet" }, "none in this project")),
  };

  const show = () => {
    const value = model.get("value");
    const control = document.getElementById(id) ?? el.querySelector("[id]");
    if (model.get("kind") === "many") {
      for (const box of el.querySelectorAll("input")) box.checked = (value ?? []).includes(box.value);
      return;
    }
    const input = el.querySelector("input, select, textarea");
    if (!input || !control) return;
    if (model.get("kind") === "checkbox") input.checked = Boolean(value);
    else if (input.value !== String(value ?? "")) input.value = String(value ?? "");
  };

  const draw = () => {
    const kind = model.get("kind");
    const typed = ["text", "area", "number"].includes(kind) ? el.querySelector("input, textarea")?.value : undefined;
    const title = kind === "many"
      ? h("span", { class: "genlab-label", id: `${id}-label` }, model.get("label"))
      : h("label", { class: "genlab-label", for: id }, model.get("label"));
    const control = controls[kind]();
    const unit = model.get("unit") ? h("span", { class: "genlab-unit" }, model.get("unit")) : null;
    const line = kind === "checkbox"
      ? h("div", { class: "genlab-control genlab-tick" }, control, title)
      : h("div", { class: "genlab-control" }, control, unit);
    const error = model.get("error");
    const hint = h("div", { class: error ? "genlab-error" : "genlab-hint", id: `${id}-hint` }, error || model.get("hint"));
    redraw(el, kind === "checkbox" ? null : title, line, hint);
    show();
    if (typed !== undefined && el.contains(document.activeElement)) {
      const input = el.querySelector("input, textarea");
      input.value = typed;
      input.setSelectionRange(typed.length, typed.length);
    }
  };

  model.on("change:value", show);
  return follow(model, el, TRAITS, draw);
}

export default { render };
