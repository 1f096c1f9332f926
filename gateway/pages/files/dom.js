// Elements of the page. Whatever comes from outside is set as text, never as
// HTML: a client chooses its user id and its messages.

export const element = (id) => document.getElementById(id);

// make returns a new element with a text or further elements in it.
export function make(tag, className, ...content) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...content.map((part) => (part instanceof Node ? part : String(part))));
  return made;
}

// button returns a button that calls act.
export function button(text, act) {
  const made = make("button", "", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}
