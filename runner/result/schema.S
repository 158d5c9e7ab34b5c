/*
 * The schemas travel with the program that writes the documents, so that
 * anybody who has a document and the program can check one by the other.
 */
	.section .rodata.result_schema, "a", @progbits

	.globl result_schema_start, result_schema_end
	.type result_schema_start, @object
	.type result_schema_end, @object

result_schema_start:
	.incbin "runner/result/result.schema.json"
result_schema_end:
	.byte 0
	.size result_schema_start, result_schema_end - result_schema_start
	.size result_schema_end, 1

	.globl detect_schema_start, detect_schema_end
	.type detect_schema_start, @object
	.type detect_schema_end, @object

detect_schema_start:
	.incbin "runner/result/detect.schema.json"
detect_schema_end:
	.byte 0
	.size detect_schema_start, detect_schema_end - detect_schema_start
	.size detect_schema_end, 1

	.section .note.GNU-stack, "", @progbits
