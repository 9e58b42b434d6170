/** What is known of the kinds of file systems. */
import { statfsSync } from "node:fs";

/** Linux file systems that change blocks where they are: ext2 to ext4, and tmpfs. Source: <linux/magic.h>. */
const IN_PLACE = [0xef53, 0x01021994];

/**
 * Whether a store into mapped memory of the file at `path` needs no disk space. Other file systems may put changed blocks elsewhere: btrfs and ZFS
 * always do, XFS does if the file shares them with a copy (`cp --reflink`), and overlayfs may lie on any. Where a disk is full, a store that needs
 * space ends the process, and a write only fails.
 */
export function storesNeedNoSpace(path: string): boolean {
  return process.platform === "linux" && IN_PLACE.includes(statfsSync(path).type);
}
