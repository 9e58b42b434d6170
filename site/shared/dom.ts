/** Elements of the page, made from values. Text is always text, never markup. */

type Child = Node | string | undefined;

type Props = Readonly<Record<string, string | number | boolean | undefined | ((event: never) => void)>>;

/** An element with attributes, with listeners for those whose names begin with `on`, and with children. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as (event: Event) => void);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** The element of the page with this id. */
export function byId<Element extends HTMLElement = HTMLElement>(id: string): Element {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as Element;
}

/** A button with text. */
export function button(text: string, onclick: () => unknown, props: Props = {}): HTMLButtonElement {
  return el("button", { type: "button", onclick, ...props }, text);
}

/** A field with its label above it. */
export function labelled(label: string, field: HTMLElement): HTMLLabelElement {
  return el("label", { class: "field" }, el("span", {}, label), field);
}

/** A list to choose from. */
export function select(
  options: readonly { readonly value: string; readonly text: string }[],
  value: string,
  onchange: (value: string) => void,
): HTMLSelectElement {
  const made = el("select", {
    onchange: () => onchange(made.value),
  });
  made.append(...options.map((option) => el("option", { value: option.value }, option.text)));
  made.value = value;
  return made;
}
