// Hears that a release came out or was taken back, and puts the new content in place. The page works without this file.
(() => {
  "use strict";
  const body = document.body;
  const message = document.getElementById("melding");
  const live = document.getElementById("live");
  const types = body.dataset.typen.split(" ");
  const form = () => document.getElementById("keuze");
  let dirty = false;
  let busy = false;
  let again = false;

  document.addEventListener("input", (event) => {
    if (form() && form().contains(event.target)) dirty = true;
  });

  const say = (text) => {
    // Emptied first: the same sentence twice would not be announced.
    message.textContent = "";
    window.setTimeout(() => { message.textContent = text; }, 50);
  };

  const words = (type, data) => {
    const what = `${data.periode || ""}`.replace(/^(\d{4})HJ0([12])$/, (_, year, half) =>
      `het ${half === "1" ? "eerste" : "tweede"} halfjaar van ${year}`);
    if (type.includes(".uitgebracht.")) return `Nieuwe cijfers over ${what}: publicatie ${data.nummer} is uitgebracht. De pagina is bijgewerkt.`;
    if (type.includes(".gecorrigeerd.")) return `Gecorrigeerde cijfers over ${what}: publicatie ${data.nummer}. De pagina is bijgewerkt.`;
    if (type.includes(".ingetrokken.")) return `Publicatie ${data.nummer} over ${what} is ingetrokken. De pagina is bijgewerkt.`;
    return `De publicatie over ${what} wordt aangehouden: ${data.reden}.`;
  };

  // Replaces one part; who stands in it with the keyboard stays on the element with the same id, or the part itself.
  const replace = (id, fresh) => {
    const old = document.getElementById(id);
    const next = fresh.getElementById(id);
    if (!old || !next) return Boolean(!old && !next);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : null;
    const opened = [...old.querySelectorAll("details")].map((part) => [part.id, part.open]);
    const scrolled = old.querySelector(".tabelvak") ? old.querySelector(".tabelvak").scrollLeft : 0;
    old.replaceWith(document.adoptNode(next));
    opened.forEach(([part, open]) => { const found = document.getElementById(part); if (found) found.open = open; });
    if (next.querySelector(".tabelvak")) next.querySelector(".tabelvak").scrollLeft = scrolled;
    if (focused !== null) (document.getElementById(focused) || next).focus({ preventScroll: true });
    return true;
  };

  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(window.location.href, { headers: { Accept: "text/html" }, cache: "no-cache" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = document.getElementById("hoofd");
      if (!form() || !fresh.getElementById("keuze")) {
        // From or to the empty state: there is no form to disturb.
        main.replaceChildren(...[...fresh.getElementById("hoofd").childNodes].map((node) => document.adoptNode(node)));
      } else {
        replace("cijfers", fresh);
        if (!dirty && !form().contains(document.activeElement)) replace("keuze", fresh);
      }
      document.title = fresh.title;
    } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  };

  const source = new EventSource(`/v1/gebeurtenissen?lastEventId=${body.dataset.volgnummer}`);
  source.addEventListener("open", () => { live.hidden = false; });
  source.addEventListener("error", () => { live.hidden = true; });
  source.addEventListener("reset", refresh);
  types.forEach((type) => source.addEventListener(type, async (event) => {
    const { data } = JSON.parse(event.data);
    if (!type.includes(".aangehouden.")) await refresh();
    say(words(type, data));
  }));
  window.addEventListener("pagehide", () => source.close());
})();
