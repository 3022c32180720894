// Shows how strong a password is while it is typed, shows the password itself, and takes over the passphrase offered.

const PAUSE = 350;

function reveal(area, inputs) {
  const button = area.querySelector("[data-reveal]");
  const show = (shown) => {
    for (const input of inputs) input.type = shown ? "text" : "password";
    button.textContent = shown ? area.dataset.hide : area.dataset.show;
  };
  button.hidden = false;
  button.addEventListener("click", () => show(inputs[0].type === "password"));
  inputs[0].form.addEventListener("submit", () => show(false));
  return show;
}

function meter(area, input) {
  const place = area.querySelector(".meter");
  const [bar, words] = [place.querySelector("meter"), place.querySelector("p")];
  let waiting = 0;
  let asked = 0;
  const judge = async () => {
    const mine = ++asked;
    const body = new URLSearchParams({ password: input.value, csrf_token: input.form.elements.csrf_token.value });
    try {
      const answer = await fetch(area.dataset.strength, { method: "POST", body });
      if (!answer.ok || mine !== asked) return;
      const { score, text } = await answer.json();
      bar.value = score;
      words.textContent = text;
    } catch {
      // Without an answer the last one stands; the form is judged again when it is sent.
    }
  };
  place.hidden = false;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(judge, PAUSE);
  });
  // A form that is sent judges the password itself, and its answer may bring another session.
  input.form.addEventListener("submit", () => clearTimeout(waiting));
}

function offer(area, inputs, show) {
  const button = area.querySelector("[data-use]");
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const input of inputs) input.value = button.dataset.use;
    show(true);
    inputs[0].dispatchEvent(new Event("input"));
    button.nextElementSibling.textContent = area.dataset.used;
  });
}

for (const area of document.querySelectorAll(".new-password")) {
  const inputs = [...area.querySelectorAll("input[autocomplete='new-password']")];
  const show = reveal(area, inputs);
  meter(area, inputs[0]);
  offer(area, inputs, show);
}
