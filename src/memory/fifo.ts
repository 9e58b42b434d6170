/** A queue: what was added first is taken first, in constant time however many wait. (`Array.prototype.shift` moves all of them.) */
export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  /** The index of the first item that waits. */
  #first = 0;

  get last(): Item | undefined {
    return this.#items.at(-1);
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  take(): Item | undefined {
    const items = this.#items;
    if (this.#first === items.length) return undefined;
    const item = items[this.#first];
    items[this.#first++] = undefined; // what was taken may be large
    if (this.#first === items.length) {
      items.length = 0;
      this.#first = 0;
    } else if (this.#first > 1000 && this.#first * 2 > items.length) {
      // Moves fewer items than were taken since the last time.
      this.#items = items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
