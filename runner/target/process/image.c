/*
 * The image as it will lie in a process; see process.h. It is parsed and
 * checked once, in the runner, and only copied afterwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "target/process/process.h"

int process_image_load(struct process_image *image, struct error *e)
{
	const struct image_entry *entry = &image->entry;
	void *ram = mmap(NULL, ABI_RAM_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int rc;

	*image = (struct process_image){ 0 };
	if (ram == MAP_FAILED)
		return error_set(e, -ENOMEM, "out of memory for the image");
	image->ram = ram;
	image->ram_bytes = ABI_RAM_BYTES;
	rc = image_load(image_elf_start,
			(size_t)(image_elf_end - image_elf_start), image->ram,
			image->ram_bytes, &image->entry, e);
	if (!rc && (entry->process_gpa < ABI_IMAGE_GPA ||
		    entry->process_gpa >= entry->end_gpa ||
		    entry->end_gpa > image->ram_bytes))
		rc = error_set(e, -ENOEXEC, "the guest image has no entry for "
			       "a process");
	if (rc)
		process_image_free(image);
	return rc;
}

void process_image_free(struct process_image *image)
{
	if (image->ram)
		munmap(image->ram, image->ram_bytes);
	image->ram = NULL;
}
