// Project, counts and pages of the whole app. In Voila the address keeps project and page, so that a reload and a
// bookmark lead back to them; in JupyterLab the address belongs to JupyterLab.

function themeLink() {
  const address = new URL(window.location.href);
  const dark = document.body.dataset.jpThemeLight === "false" || address.searchParams.get("theme") === "dark";
  address.searchParams.set("theme", dark ? "light" : "dark");
  return h("a", { class: "genlab-link", href: address.href, "data-key": "theme" }, dark ? "Light theme" : "Dark theme");
}

function remember(project, page) {
  const address = new URL(window.location.href);
  for (const [name, value] of [["project", project], ["page", page]])
    if (value) address.searchParams.set(name, value);
  window.history.replaceState(window.history.state, "", address.href);
}

function render({ model, el }) {
  el.classList.add("genlab-header");
  const id = freshId();
  const voila = model.get("standalone");

  const draw = () => {
    const projects = model.get("projects");
    if (voila) remember(model.get("project"), model.get("page"));
    const select = h("select", { id, "data-key": "project", onchange: (e) => model.send({ event: "project", name: e.target.value }) },
      projects.map((name) => h("option", { value: name }, model.get("titles")[name] ?? name)));
    select.value = model.get("project");
    redraw(el,
      h("div", { class: "genlab-bar1" },
        h("span", { class: "genlab-brand" }, "GenLab"),
        projects.length ? [h("label", { for: id }, "Project"), select] : null,
        projects.length ? h("button", { type: "button", class: "genlab-plain", "data-key": "import",
          "aria-expanded": String(model.get("importing")), onclick: () => model.send({ event: "import" }) }, "Import") : null,
        h("span", { class: "genlab-counts", role: "status" }, model.get("counts")),
        voila ? themeLink() : null),
      projects.length ? h("nav", { class: "genlab-nav", "aria-label": "Pages" }, model.get("pages").map((page) =>
        h("button", { type: "button", "data-key": `page-${page.name}`, "aria-current": page.name === model.get("page") ? "page" : false,
          onclick: () => model.send({ event: "page", name: page.name }) }, page.title))) : null);
  };

  return follow(model, el, ["projects", "project", "importing", "counts", "pages", "page"], draw);
}

export default { render };
