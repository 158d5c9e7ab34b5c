/* One installable file: the style sheet lies in the program's read-only data. */
	.section .rodata
	.global style_css
	.type style_css, %object
style_css:
	.incbin "reports/style.css"
	.byte 0
	.size style_css, . - style_css
	.section .note.GNU-stack, "", %progbits
