/** Tilth's mark: a plant above a furrow. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="#2f6b3f" />
      <path d="M7 23c3.5-2.6 6-2.6 9 0s5.5 2.6 9 0" fill="none" stroke="#d9a441" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M16 20v-7" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M16 13.500c0-4 2.800-6 7-6 0 4-2.600 6-7 6zM16 16c0-3.200-2.400-5-6.200-5 0 3.400 2.400 5 6.200 5z" fill="#fff" />
    </svg>
  );
}
