const TRAITS = ["label", "options", "disabled"];

function render({ model, el }) {
  el.classList.add("genlab-choice");
  const name = freshId();

  const option = (o, index) => {
    const id = `${name}-${index}`;
    const radio = h("input", {
      type: "radio", name, id, value: o.value, "data-key": o.value, disabled: o.disabled || model.get("disabled"),
      "aria-describedby": o.hint ? `${id}-hint` : false, onchange: () => put(model, "value", o.value),
    });
    return h("div", { class: o.disabled ? "genlab-option genlab-off" : "genlab-option" },
      radio,
      h("label", { for: id }, o.title),
      o.hint ? h("span", { class: "genlab-hint", id: `${id}-hint` }, o.hint) : null);
  };

  const show = () => {
    for (const radio of el.querySelectorAll("input")) {
      radio.checked = radio.value === model.get("value");
      radio.closest(".genlab-option").classList.toggle("genlab-chosen", radio.checked);
    }
  };

  const draw = () => {
    redraw(el, h("fieldset", {}, h("legend", { class: "genlab-label" }, model.get("label")),
      h("div", { class: "genlab-options" }, model.get("options").map(option))));
    show();
  };

  model.on("change:value", show);
  return follow(model, el, TRAITS, draw);
}

export default { render };
