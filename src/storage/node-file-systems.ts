/** What is known of the kinds of file systems. */
import { readFileSync, statfsSync } from "node:fs";

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

/** Linux file systems of disks and memory of this machine, which no other machine writes to: ext2 to ext4, tmpfs, XFS, btrfs, overlayfs, F2FS, ZFS. */
const LOCAL = [...IN_PLACE, 0x58465342, 0x9123683e, 0x794c7630, 0xf2f52010, 0x2fc12fc1];

/**
 * Names those whose locks exclude each other on files in a directory: everybody on a file system of this machine, and those who run on the same kernel
 * elsewhere, because not all network disks pass locks on. `undefined` if that is not known.
 */
export function lockScope(directory: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    if (LOCAL.includes(statfsSync(directory).type)) return "local";
    return (
      readFileSync("/proc/sys/kernel/random/boot_id", "latin1")
        .replace(/[^0-9a-f]/g, "")
        .slice(0, 16) || undefined
    );
  } catch {
    return undefined;
  }
}
