// Lets ALTCHA work in a worker of ours and a form wait for it; where it cannot run, the code to copy takes its place.

function giveWay(widget) {
  const place = widget.closest(".challenge");
  const instead = place?.parentNode.querySelector("template.challenge-instead");
  if (!instead) return;
  place.replaceWith(instead.content.cloneNode(true));
  instead.remove();
}

function settled(widget) {
  return new Promise((resolve) => {
    const look = ({ detail }) => {
      if (detail.state === "verifying") return;
      widget.removeEventListener("statechange", look);
      resolve(detail.state === "verified");
    };
    widget.addEventListener("statechange", look);
  });
}

async function solve(widget) {
  const end = settled(widget);
  if (widget.getState() !== "verifying") widget.verify();
  return end;
}

function guard(form, widget) {
  form.addEventListener("submit", async (event) => {
    if (!widget.isConnected || widget.getState() === "verified") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    if (await solve(widget)) setTimeout(() => form.requestSubmit(submitter));
  }, { capture: true });
}

function start(widget) {
  if (!window.isSecureContext || !window.crypto?.subtle || !customElements.get("altcha-widget")) return giveWay(widget);
  globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(widget.dataset.worker));
  widget.addEventListener("statechange", ({ detail }) => detail.state === "error" && giveWay(widget));
  guard(widget.closest("form"), widget);
}

for (const widget of document.querySelectorAll("altcha-widget")) start(widget);
