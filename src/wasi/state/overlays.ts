/** What an overlay has more in a saved state than other files in memory. */

import { type AnyNode, isName, type Volume } from '../files/nodes';
import { type Base, OverlayDirectoryNode, OverlayFileNode } from '../files/overlay';
import * as FILETYPE from '../filetype';
import type { NodeDocument } from '../state';
import { StateError } from './codec';

type BaseDocument = NonNullable<NodeDocument['base']>;

/** What a node still takes from its base. */
export function baseOf(node: AnyNode): BaseDocument | undefined {
  if (node instanceof OverlayFileNode) return { path: node.basePath, size: node.baseSize, populated: false };
  if (!(node instanceof OverlayDirectoryNode)) return undefined;
  return { path: node.basePath, size: 0, populated: node.populated };
}

/** Whether its base would shine through where zeros are left out. */
export function keepsZeros(node: AnyNode): boolean {
  return node instanceof OverlayFileNode;
}

/** The node of a document, if it has something of a base. */
export function overlayNode(
  { base: of, type, ino }: NodeDocument,
  volume: Volume,
  base: Base | undefined,
): OverlayFileNode | OverlayDirectoryNode | undefined {
  if (of === undefined) return undefined;
  if (base === undefined) throw new StateError('the files need a base directory, which is not given');
  if (!of.path.every(isName)) throw new StateError('bad path in a base directory');
  if (type !== FILETYPE.DIRECTORY) {
    checkBaseFile(base, of);
    return new OverlayFileNode(volume, base, of.path, of.size, ino);
  }
  const directory = new OverlayDirectoryNode(volume, base, of.path, ino);
  directory.restorePopulated(true);
  return directory;
}

function checkBaseFile(base: Base, { path, size }: BaseDocument): void {
  if (size === 0) return;
  const stat = base.within(path.slice(0, -1), (directory) => directory.statAt(path[path.length - 1]));
  if (typeof stat !== 'object' || stat.type !== FILETYPE.REGULAR_FILE || stat.size < size) {
    throw new StateError(`${path.join('/')} in the base directory is not the file that it was`);
  }
}

/** The last word about a directory, behind its entries. */
export function restorePopulated(node: AnyNode, { base }: NodeDocument): void {
  if (node instanceof OverlayDirectoryNode && base) node.restorePopulated(base.populated);
}
