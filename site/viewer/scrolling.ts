/**
 * Scrolls through more pixels than an element can have: browsers end them at 17 to 34 million, which is less than a million rows.
 *
 * Small movements, as of wheels, fingers and keys, move the content by as many pixels. Large ones, as of the scroll bar's thumb, lead to the same
 * part of the content as the thumb is of the bar.
 */

/** Higher elements are cut off by some browsers. */
const MOST_PIXELS = 8_000_000;

export class Scrolling {
  /** The first pixel of the content that is seen. */
  offset = 0;
  #content = 0;
  #view = 0;
  /** Where the element was scrolled to when `offset` was found. */
  #position = 0;

  /** Pixels of the content, and of the window to it. */
  resize(content: number, view: number): void {
    this.#content = content;
    this.#view = view;
    this.offset = this.#clamp(this.offset);
  }

  /** Pixels of the element that is scrolled. */
  get extent(): number {
    return Math.min(this.#content, MOST_PIXELS);
  }

  get #isScaled(): boolean {
    return this.#content > this.extent;
  }

  /** The element was scrolled to `position`. */
  scrolled(position: number): void {
    const moved = position - this.#position;
    const last = this.extent - this.#view;
    if (!this.#isScaled) this.offset = this.#clamp(position);
    else if (position <= 0) this.offset = 0;
    else if (position >= last - 1) this.offset = this.#clamp(Number.POSITIVE_INFINITY);
    else if (Math.abs(moved) <= this.#view) this.offset = this.#clamp(this.offset + moved);
    else this.offset = this.#clamp((position / last) * (this.#content - this.#view));
    this.#position = position;
  }

  /** Moves the content; returns where the element must be scrolled to. */
  moveTo(offset: number): number {
    this.offset = this.#clamp(offset);
    return this.settle();
  }

  /** Where the element belongs, once small movements have taken it from there. */
  settle(): number {
    const most = this.#content - this.#view;
    if (!this.#isScaled) this.#position = this.offset;
    else if (this.offset <= 0) this.#position = 0;
    else if (this.offset >= most) this.#position = this.extent - this.#view;
    // Not at the ends, where the element could be scrolled no further although the content can.
    else
      this.#position = Math.min(
        Math.max(Math.round((this.offset / most) * (this.extent - this.#view)), 2),
        this.extent - this.#view - 2,
      );
    return this.#position;
  }

  #clamp(offset: number): number {
    return Math.max(0, Math.min(this.#content - this.#view, offset));
  }
}
