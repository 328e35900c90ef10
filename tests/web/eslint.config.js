/** What the page's JavaScript has to keep to, beside its types. */

import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['**/node_modules/', '**/vendor/', '**/*.d.ts', '**/*.d.mts'] },
  {
    files: ['app/web/**/*.js'],
    extends: [js.configs.recommended, tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-undef': 'off', // TypeScript knows it better
      // JSON is `any` until a return type says what it is.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // What an abort or a rejection carries is the caller's choice.
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      // A method is async because its interface is.
      '@typescript-eslint/require-await': 'off',
      // What an attribute is made of is its caller's concern.
      '@typescript-eslint/no-base-to-string': 'off',
    },
  },
  {
    files: ['tests/web/**/*.js'],
    ignores: ['tests/web/refused.js'],
    extends: [js.configs.recommended],
    languageOptions: { globals: globals.node },
    rules: { eqeqeq: 'error', 'no-var': 'error', 'prefer-const': 'error' },
  },
);
