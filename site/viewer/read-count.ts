/** How many bytes have been read, by the page and its worker. */
export class ReadCount {
  bytes = 0;
  onChange: () => void = () => {};

  add(bytes: number): void {
    this.bytes += bytes;
    this.onChange();
  }

  reset(): void {
    this.bytes = 0;
    this.onChange();
  }
}
