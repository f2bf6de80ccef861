/* A library that exports nothing and has no build id: notes of other names, and one that says it is longer than it is. */
__attribute__((visibility("hidden"))) extern int kept_to_itself;
int kept_to_itself = 7;
__asm__(".pushsection .note.loom,\"a\",@note\n"
        ".balign 4\n"
        ".long 4, 4, 3\n"
        ".asciz \"XYZ\"\n"
        ".long 7\n"
        ".long 8, 4, 3\n"
        ".asciz \"LONGNAM\"\n"
        ".long 7\n"
        ".long 4, 1000000, 3\n"
        ".asciz \"GNU\"\n"
        ".popsection\n");
