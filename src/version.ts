/** The release: what `--version` and the CapabilityStatement say. A test compares it with package.json and CHANGELOG. */
export const version = '0.1.0';
export const released = '2026-11-23';
