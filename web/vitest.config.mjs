// Of the page's own tests; a busy machine needs more than vitest's 5 s for 100,000 segments.
export default { test: { include: ["tests/**/*.test.ts"], testTimeout: 120_000 } };
