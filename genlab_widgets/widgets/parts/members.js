function render({ model, el }) {
  el.classList.add("genlab-members");
  const list = h("ol", { "aria-label": "Members in priority order, the highest first" });
  const said = h("span", { class: "genlab-hidden", role: "status" });
  el.append(list, said);

  const move = (name, by) => model.send({ event: "move", name, by });

  const arrows = (name) => (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || event.target.tagName === "SELECT") return;
    event.preventDefault();
    move(name, by);
  };

  const button = (name, by, text, sign, disabled) =>
    h("button", { type: "button", class: "genlab-plain genlab-step", "data-key": `${by}-${name}`, "aria-label": `${text}: ${name}`,
      title: text, "aria-disabled": disabled ? "true" : false, disabled: model.get("disabled"),
      onclick: () => { if (!disabled) move(name, by); } }, h("span", { "aria-hidden": "true" }, sign));

  const role = (member) => {
    const known = model.get("roles");
    const roles = known.includes(member.role) ? known : [member.role, ...known];
    const select = h("select", { "aria-label": `Role of ${member.username}`, "data-key": `role-${member.username}`, disabled: model.get("disabled"),
      onchange: (event) => model.send({ event: "role", name: member.username, role: event.target.value }) },
      roles.map((name) => h("option", { value: name }, name)));
    select.value = member.role;
    return select;
  };

  const row = (member, index, all) => h("li", { onkeydown: arrows(member.username) },
    h("span", { class: "genlab-rank" }, String(index + 1)),
    h("span", { class: "genlab-who" }, member.username),
    role(member),
    h("span", { class: "genlab-moves" },
      button(member.username, -1, "Move up", "\u2191", index === 0),
      button(member.username, 1, "Move down", "\u2193", index === all.length - 1),
      h("button", { type: "button", class: "genlab-link", "data-key": `remove-${member.username}`, disabled: model.get("disabled"),
        "aria-label": `Remove: ${member.username}`, onclick: () => model.send({ event: "remove", name: member.username }) },
        "Remove")));

  const draw = () => {
    redraw(list, model.get("members").map(row));
    said.textContent = model.get("spoken");
  };
  return follow(model, el, ["members", "roles", "disabled", "spoken"], draw);
}

export default { render };
