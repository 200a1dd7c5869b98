// The reference's search, and its forms for who is logged in. It writes text alone, never HTML.
"use strict";
(() => {
  const make = (name, attributes = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  };

  // Search.

  const words = (text) => text.toLowerCase().split(/[^\p{L}\p{N}_.-]+/u).filter(Boolean);

  function entries() {
    const list = JSON.parse(document.getElementById("guides").textContent);
    for (const each of document.querySelectorAll("article.operation[id]")) {
      const route = each.querySelector(".route");
      if (route === null) continue;
      list.push({ title: each.querySelector("h3").textContent, in: route.textContent.trim(), href: `#${each.id}`,
                  more: `${each.id} ${each.querySelector(".text").textContent}` });
    }
    for (const each of document.querySelectorAll("article.problem, details.response[id]")) {
      list.push({ title: each.querySelector("h3 a, summary code").textContent, href: `#${each.id}`, more: each.textContent,
                  in: each.matches(".problem") ? "Problems" : "Webhooks" });
    }
    for (const each of document.querySelectorAll("section > header > h2, .introduction h2, .introduction h3")) {
      const target = each.id || each.closest("[id]")?.id;
      if (target) list.push({ title: each.textContent, in: "Reference", href: `#${target}` });
    }
    return list.map((each) => ({ ...each, title: each.title.trim(), head: `${each.title} ${each.in}`.toLowerCase(),
                                 text: `${each.title} ${each.in} ${each.more ?? ""}`.toLowerCase() }));
  }

  const FOUND_MAX = 20;
  let all;
  function find(text) {
    all ??= entries();
    const wanted = words(text);
    if (wanted.length === 0) return [];
    const score = (each) => {
      if (!wanted.every((word) => each.text.includes(word))) return 0;
      const title = each.title.toLowerCase();
      return 1 + wanted.filter((word) => each.head.includes(word)).length * 2 + (title.includes(text.trim().toLowerCase()) ? 4 : 0)
             + (title.startsWith(wanted[0]) ? 1 : 0);
    };
    return all.map((each) => [score(each), each]).filter(([points]) => points > 0)
              .sort(([a], [b]) => b - a).slice(0, FOUND_MAX).map(([, each]) => each);
  }

  function addSearch() {
    const input = make("input", { type: "search", id: "search", placeholder: "Search (/)", autocomplete: "off", "aria-label": "Search",
                                  "aria-controls": "found" });
    const list = make("ol", { id: "found", "aria-label": "What was found" });
    const said = make("p", { class: "said", role: "status" });
    const box = make("div", { class: "search" }, input, said, list);
    input.addEventListener("input", () => {
      const found = find(input.value);
      list.replaceChildren(...found.map((each) =>
        make("li", {}, make("a", { href: each.href }, make("b", {}, each.title), " ", make("span", {}, each.in)))));
      said.textContent = input.value.trim() === "" ? "" : found.length === 0 ? "Nothing was found." : `${found.length} found.`;
    });
    const close = () => { input.value = ""; list.replaceChildren(); said.textContent = ""; };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key === "Enter") list.querySelector("a")?.click();
      if (event.key === "ArrowDown") { list.querySelector("a")?.focus(); event.preventDefault(); }
    });
    list.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      const links = [...list.querySelectorAll("a")];
      const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      (links[next] ?? input).focus();
      event.preventDefault();
    });
    list.addEventListener("click", close);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
      input.focus();
      event.preventDefault();
    });
    document.querySelector(".top .version").after(box);
  }

  // Trying an operation with the session's cookie. A browser says that the page is the server's own (Sec-Fetch-Site), which is
  // what a change by a session needs; the cookie itself is out of a script's reach.

  const SHOWN_CHARACTERS_MAX = 65_536;
  let contract;

  const resolve = (node) => {
    while (node?.$ref) node = node.$ref.split("/").slice(1).reduce((at, key) => at[key], contract);
    return node;
  };

  function operationOf(id) {
    for (const [path, item] of Object.entries(contract.paths)) {
      for (const [method, node] of Object.entries(item)) {
        if (node.operationId !== id) continue;
        return { path, method: method.toUpperCase(), node, body: resolve(node.requestBody),
                 parameters: [...(item.parameters ?? []), ...(node.parameters ?? [])].map(resolve) };
      }
    }
    return null;
  }

  function field(parameter, realm) {
    const { name, required, schema } = parameter;
    const input = make("input", { name, "data-in": parameter.in, autocomplete: "off", placeholder: String(parameter.example ?? resolve(schema).type ?? "") });
    if (required) input.required = true;
    if (name === "realm") input.value = realm;
    return make("label", {}, make("span", {}, required ? name : `${name} (may be left out)`), input);
  }

  function request(operation, form) {
    let path = operation.path;
    const query = new URLSearchParams();
    const headers = { accept: "application/json" };
    for (const input of form.querySelectorAll("input[data-in]")) {
      const { name, value, dataset } = input;
      if (dataset.in === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
      else if (value !== "" && dataset.in === "query") query.append(name, value);
      else if (value !== "" && dataset.in === "header") headers[name] = value;
    }
    const body = form.querySelector("textarea")?.value;
    if (body) headers["content-type"] = Object.keys(operation.body.content)[0];
    return [path + (query.size > 0 ? `?${query}` : ""), { method: operation.method, headers, body: body || undefined, redirect: "manual" }];
  }

  function indented(text) {
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  }

  async function send(operation, form, result) {
    if (operation.method === "DELETE" && !window.confirm(`${operation.node.summary}: really?`)) return;
    const begun = performance.now();
    let title, text = "";
    try {
      const [url, options] = request(operation, form);
      const answer = await fetch(url, options);
      text = await answer.text();
      title = `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - begun)} ms`;
    } catch (error) {
      title = `No answer: ${error.message}`;
    }
    const shown = text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : indented(text);
    result.replaceChildren(make("figcaption", { role: "status" }, title), make("pre", { tabindex: "0" }, make("code", {}, shown)));
    result.hidden = false;
  }

  function fill(details, id, realm) {
    const operation = operationOf(id);
    const form = make("form", {}, ...operation.parameters.map((each) => field(each, realm)));
    if (operation.body) {
      const media = Object.values(operation.body.content)[0];
      const area = make("textarea", { rows: "8", spellcheck: "false", "aria-label": "Body" });
      area.value = media.example === undefined ? "" : JSON.stringify(media.example, null, 2);
      form.append(make("label", {}, make("span", {}, "Body"), area));
    }
    const result = make("figure", { class: "code" });
    result.hidden = true;
    form.append(make("button", {}, `Send ${operation.method}`));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(operation, form, result);
    });
    details.append(form, result);
  }

  /** Answers that do not end, and what is no API. */
  const isTried = (id) => {
    const operation = operationOf(id);
    return operation !== null && operation.path.startsWith("/api/")
      && !Object.values(operation.node.responses).some((each) => resolve(each).content?.["text/event-stream"]);
  };

  async function addForms() {
    const realm = localStorage.getItem("realm"); // of the last login to the console, in this browser
    const session = realm === null ? null
      : await fetch(`/api/v1/realms/${encodeURIComponent(realm)}/session`, { headers: { accept: "application/json" } });
    const said = document.getElementById("trying");
    if (!session?.ok) {
      said.append("Log in to the ", make("a", { href: "/" }, "console"), " to try operations on this page.");
      return;
    }
    contract = await (await fetch("/openapi.json")).json();
    said.append("You are logged in: each operation has a form that sends it as you.");
    for (const article of document.querySelectorAll("article.operation[id]")) {
      if (!isTried(article.id)) continue;
      const details = make("details", { class: "try" }, make("summary", {}, "Try it"));
      details.addEventListener("toggle", () => fill(details, article.id, realm), { once: true });
      article.querySelector(".samples").prepend(details);
    }
  }

  addSearch();
  addForms().catch(() => {});
})();
