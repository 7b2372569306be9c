// page.html as bytes of the library.
extern const char gcut__page_html[], gcut__page_html_end[];

__asm__(".section .rodata\n"
        ".global gcut__page_html, gcut__page_html_end\n"
        ".hidden gcut__page_html, gcut__page_html_end\n"
        "gcut__page_html:\n"
        ".incbin \"formats/dot/page.html\"\n"
        "gcut__page_html_end:\n"
        ".byte 0\n"
        ".previous\n");
