/* One installable file: the style sheet lies in the program's read-only data. */
	.section .rodata
	.global style_css
	.global style_css_end
	.type style_css, %object
	.type style_css_end, %object
style_css:
	.incbin "reports/style.css"
style_css_end:
	.byte 0
	.size style_css, style_css_end - style_css
	.size style_css_end, 1
	.section .note.GNU-stack, "", %progbits
