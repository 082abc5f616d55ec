/**
 * For `overlay.ts` in bundles that make no overlays. States with one are refused: the directory that takes its place must be an overlay, too,
 * and none is.
 */
import { DirectoryNode, FileNode } from './nodes';

export class OverlayDirectoryNode extends DirectoryNode {}
export class OverlayFileNode extends FileNode {}
