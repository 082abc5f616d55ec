/** Whether dist/ is what the sources give. */
export function isBuilt(): boolean;
