/*
 * Mutants of the probes of MSRs, paging, emulation, interrupt controllers,
 * timers and vector state. A row with `every` spoils all such instructions of
 * a probe and of its helpers, since which one it is, is the compiler's choice.
 */
#ifndef VMGAUGE_MUTANT_TABLE_MACHINE_H
#define VMGAUGE_MUTANT_TABLE_MACHINE_H

/* A store becomes a TEST of the same length, a load a LEA. */
#define STORES		CODE(2, 0x89, 0x00), .mask = { [1] = 0xc0 },	\
			.patch = { 0x85 }
#define STORES_OF_IMM	CODE(2, 0xc7, 0x00), .mask = { [1] = 0xf8 },	\
			.patch = { 0xf7 }
#define BYTE_STORES	CODE(2, 0x88, 0x00), .mask = { [1] = 0xc0 },	\
			.patch = { 0x84 }
#define LOADS		CODE(2, 0x8b, 0x00), .mask = { [1] = 0xc0 },	\
			.patch = { 0x8d }
/* One of the group 0FH AEH becomes a NOP of the same operand. */
#define STATE_MOVE(reg)	CODE(3, 0x0f, 0xae, reg), .mask = { [2] = 0x38 }, \
			.patch = { 0x0f, 0x1f }

/* Helpers of each file, wherever the compiler keeps them. */
#define IN_APIC_PRIORITY \
	"bit_of|self_send|window|look_around|nest|" \
	"send_twice_more"
#define IN_APIC_REGISTERS \
	"arrives"
#define IN_APIC_TIMER \
	"timer_open|timer_close|pace_once|pace_find|disarmed_in_time"
#define IN_X2APIC \
	"end_by_msr|x2apic_open|x2apic_close"
#define IN_REAL_MODE \
	"real_run"
#define IN_VM86 \
	"vm86_code|vm86_run"
#define IN_TASK_SWITCH \
	"other_task_make"
#define IN_PAGING_MODES \
	"gpa|pae_make|pae_call|legacy_make|five_levels"
#define IN_PAGING_ACCESS \
	"entry_bits|window_set|window_read|window_write|" \
	"window_fetch|access_make|expected|cell_try|" \
	"level_try|supervisor_tables"
#define IN_TLB \
	"pdpt_of_image|window_open|second_page|second_tables|" \
	"invpcid_safe"
#define IN_SELF_MODIFYING \
	"code_write|code_call|alias_open|serialise"
#define IN_MSR_TABLE \
	"check_msr"
#define IN_FPU \
	"unit_open|unit_close|use_while_ts|wait_while_ts|" \
	"use_while_em|sse_use|divide|simd_divide|osfxsr_set|" \
	"area_word"
#define IN_XSAVE \
	"on|not_ready|xsave|xrstor|save_as_user"
#define IN_SYSENTER \
	"sysenter_prepare|sysenter_make|compat_syscall"
#define IN_PIT \
	"status|count|gate_set|program|wait_counts"
#define IN_PIC \
	"init|pics_open|pics_close|look_at_pic|edge_soon"
#define IN_IOAPIC \
	"io_read|io_write|last_entry"
#define IN_NMI_IPI \
	"nmi_to_self"
#define IN_TSC_MANY \
	"other_reads|other_reads_as_user"
#define IN_INIT_SIPI \
	"landing_make|starts_wait|sipi_to_landing|" \
	"landing_start"
#define IN_MMIO_OPERANDS \
	"value_of|same"
#define IN_PV_KVM \
	"features|clock_ns"

#define MUTANTS_OF_THE_MACHINE \
	/* fidelity/apic_priority */ \
	{ "fidelity/apic_priority/task_priority_holds_lower_classes_back", .every = true, \
	  .functions = PROBE_OF("task_priority_holds_lower_classes_back") \
	  "|" IN_APIC_PRIORITY, \
	  STORES }, \
	{ "fidelity/apic_priority/cr8_is_the_task_priority", .every = true, \
	  .functions = PROBE_OF("cr8_is_the_task_priority") \
	  "|" IN_APIC_PRIORITY, \
	  STORES }, \
	{ "fidelity/apic_priority/pending_interrupts_come_highest_first", .every = true, \
	  .functions = PROBE_OF("pending_interrupts_come_highest_first") \
	  "|" IN_APIC_PRIORITY, \
	  STORES }, \
	{ "fidelity/apic_priority/request_moves_to_service_and_ends_by_eoi", .every = true, \
	  .functions = PROBE_OF("request_moves_to_service_and_ends_by_eoi") \
	  "|" IN_APIC_PRIORITY, \
	  STORES }, \
	{ "fidelity/apic_priority/processor_priority_is_the_greater_class", .every = true, \
	  .functions = PROBE_OF("processor_priority_is_the_greater_class") \
	  "|" IN_APIC_PRIORITY, \
	  STORES }, \
	{ "fidelity/apic_priority/higher_class_interrupts_a_handler", .every = true, \
	  .functions = PROBE_OF("higher_class_interrupts_a_handler") \
	  "|" IN_APIC_PRIORITY, \
	  STORES }, \
	{ "fidelity/apic_priority/one_more_waits_while_one_is_served", .every = true, \
	  .functions = PROBE_OF("one_more_waits_while_one_is_served") \
	  "|" IN_APIC_PRIORITY, \
	  STORES }, \
	/* fidelity/apic_registers */ \
	{ "fidelity/apic_registers/version_names_a_local_apic", .every = true, \
	  .functions = PROBE_OF("version_names_a_local_apic") \
	  "|" IN_APIC_REGISTERS, \
	  LOADS }, \
	{ "fidelity/apic_registers/software_disable_masks_every_lvt", .every = true, \
	  .functions = PROBE_OF("software_disable_masks_every_lvt") \
	  "|" IN_APIC_REGISTERS, \
	  STORES }, \
	{ "fidelity/apic_registers/logical_destination_keeps_its_bits", .every = true, \
	  .functions = PROBE_OF("logical_destination_keeps_its_bits") \
	  "|" IN_APIC_REGISTERS, \
	  STORES }, \
	{ "fidelity/apic_registers/interrupt_to_itself_arrives_in_every_way", .every = true, \
	  .functions = PROBE_OF("interrupt_to_itself_arrives_in_every_way") \
	  "|" IN_APIC_REGISTERS, \
	  STORES }, \
	{ "fidelity/apic_registers/absent_destination_gets_nothing", .every = true, \
	  .functions = PROBE_OF("absent_destination_gets_nothing") \
	  "|" IN_APIC_REGISTERS, \
	  STORES }, \
	{ "fidelity/apic_registers/illegal_vector_is_an_error", .every = true, \
	  .functions = PROBE_OF("illegal_vector_is_an_error") \
	  "|" IN_APIC_REGISTERS, \
	  STORES }, \
	{ "fidelity/apic_registers/illegal_register_is_an_error", .every = true, \
	  .functions = PROBE_OF("illegal_register_is_an_error") \
	  "|" IN_APIC_REGISTERS, \
	  STORES }, \
	/* fidelity/apic_timer */ \
	{ "fidelity/apic_timer/one_shot_fires_once_and_stays_at_zero", .every = true, \
	  .functions = PROBE_OF("one_shot_fires_once_and_stays_at_zero") \
	  "|" IN_APIC_TIMER, \
	  STORES }, \
	{ "fidelity/apic_timer/periodic_starts_over", .every = true, \
	  .functions = PROBE_OF("periodic_starts_over") \
	  "|" IN_APIC_TIMER, \
	  STORES }, \
	{ "fidelity/apic_timer/initial_count_of_zero_stops_it", .every = true, \
	  .functions = PROBE_OF("initial_count_of_zero_stops_it") \
	  "|" IN_APIC_TIMER, \
	  LOADS }, \
	{ "fidelity/apic_timer/count_goes_down", .every = true, \
	  .functions = PROBE_OF("count_goes_down") \
	  "|" IN_APIC_TIMER, \
	  STORES }, \
	{ "fidelity/apic_timer/masked_timer_counts_in_silence", .every = true, \
	  .functions = PROBE_OF("masked_timer_counts_in_silence") \
	  "|" IN_APIC_TIMER, \
	  STORES }, \
	{ "fidelity/apic_timer/divider_slows_the_count", .every = true, \
	  .functions = PROBE_OF("divider_slows_the_count") \
	  "|" IN_APIC_TIMER, \
	  STORES }, \
	{ "fidelity/apic_timer/deadline_fires_and_reads_zero", .every = true, \
	  .functions = PROBE_OF("deadline_fires_and_reads_zero") \
	  "|" IN_APIC_TIMER, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/apic_timer/deadline_in_the_past_fires_at_once", .every = true, \
	  .functions = PROBE_OF("deadline_in_the_past_fires_at_once") \
	  "|" IN_APIC_TIMER, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/apic_timer/deadline_of_zero_disarms", .every = true, \
	  .functions = PROBE_OF("deadline_of_zero_disarms") \
	  "|" IN_APIC_TIMER, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/apic_timer/each_mode_ignores_the_other_s_register", .every = true, \
	  .functions = PROBE_OF("each_mode_ignores_the_other_s_register") \
	  "|" IN_APIC_TIMER, \
	  CODE(2, 0x0f, 0x32) }, \
	{ "fidelity/apic_timer/leaving_deadline_mode_disarms", .every = true, \
	  .functions = PROBE_OF("leaving_deadline_mode_disarms") \
	  "|" IN_APIC_TIMER, \
	  CODE(2, 0x0f, 0x32) }, \
	/* fidelity/x2apic */ \
	{ "fidelity/x2apic/reserved_registers_fault", .every = true, \
	  .functions = PROBE_OF("reserved_registers_fault") \
	  "|" IN_X2APIC, \
	  CODE(2, 0x0f, 0x32) }, \
	{ "fidelity/x2apic/read_only_registers_refuse_writes", .every = true, \
	  .functions = PROBE_OF("read_only_registers_refuse_writes") \
	  "|" IN_X2APIC, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/x2apic/write_only_registers_refuse_reads", .every = true, \
	  .functions = PROBE_OF("write_only_registers_refuse_reads") \
	  "|" IN_X2APIC, \
	  CODE(2, 0x0f, 0x32) }, \
	{ "fidelity/x2apic/reserved_bits_fault", .every = true, \
	  .functions = PROBE_OF("reserved_bits_fault") \
	  "|" IN_X2APIC, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/x2apic/mode_changes_follow_the_table", .every = true, \
	  .functions = PROBE_OF("mode_changes_follow_the_table") \
	  "|" IN_X2APIC, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/x2apic/logical_id_follows_from_the_id", .every = true, \
	  .functions = PROBE_OF("logical_id_follows_from_the_id") \
	  "|" IN_X2APIC, \
	  CODE(2, 0x0f, 0x32) }, \
	{ "fidelity/x2apic/self_ipi_register_interrupts", .every = true, \
	  .functions = PROBE_OF("self_ipi_register_interrupts") \
	  "|" IN_X2APIC, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/x2apic/command_register_is_one", .every = true, \
	  .functions = PROBE_OF("command_register_is_one") \
	  "|" IN_X2APIC, \
	  CODE(2, 0x0f, 0x30) }, \
	/* fidelity/real_mode */ \
	{ "fidelity/real_mode/segment_is_its_selector_times_16", .every = true, \
	  .functions = PROBE_OF("segment_is_its_selector_times_16") \
	  "|" IN_REAL_MODE, \
	  STORES_OF_IMM }, \
	{ "fidelity/real_mode/limit_is_64_kib", .every = true, \
	  .functions = PROBE_OF("limit_is_64_kib") \
	  "|" IN_REAL_MODE, \
	  LOADS }, \
	{ "fidelity/real_mode/interrupts_go_through_the_vector_table", .every = true, \
	  .functions = PROBE_OF("interrupts_go_through_the_vector_table") \
	  "|" IN_REAL_MODE, \
	  LOADS }, \
	{ "fidelity/real_mode/protected_mode_instructions_are_undefined", .every = true, \
	  .functions = PROBE_OF("protected_mode_instructions_are_undefined") \
	  "|" IN_REAL_MODE, \
	  LOADS }, \
	{ "fidelity/real_mode/string_wraps_at_64_kib", .every = true, \
	  .functions = PROBE_OF("string_wraps_at_64_kib") \
	  "|" IN_REAL_MODE, \
	  CODE(2, 0xf3, 0xa4) }, \
	{ "fidelity/real_mode/big_real_limits_survive", .every = true, \
	  .functions = PROBE_OF("big_real_limits_survive") \
	  "|" IN_REAL_MODE, \
	  STORES }, \
	/* fidelity/vm86 */ \
	{ "fidelity/vm86/vm86_runs_with_real_mode_segments", .every = true, \
	  .functions = PROBE_OF("vm86_runs_with_real_mode_segments") \
	  "|" IN_VM86, \
	  LOADS }, \
	{ "fidelity/vm86/vm86_needs_iopl_3_for_flags_and_interrupts", .every = true, \
	  .functions = PROBE_OF("vm86_needs_iopl_3_for_flags_and_interrupts") \
	  "|" IN_VM86, \
	  LOADS }, \
	{ "fidelity/vm86/vm86_with_iopl_3_may_clear_if", .every = true, \
	  .functions = PROBE_OF("vm86_with_iopl_3_may_clear_if") \
	  "|" IN_VM86, \
	  LOADS }, \
	/* fidelity/task_switch */ \
	{ "fidelity/task_switch/task_switch_by_call_comes_back_by_iret", .every = true, \
	  .functions = PROBE_OF("task_switch_by_call_comes_back_by_iret") \
	  "|" IN_TASK_SWITCH, \
	  LOADS }, \
	{ "fidelity/task_switch/task_gate_leads_to_its_task", .every = true, \
	  .functions = PROBE_OF("task_gate_leads_to_its_task") \
	  "|" IN_TASK_SWITCH, \
	  LOADS }, \
	{ "fidelity/task_switch/busy_task_cannot_be_called", .every = true, \
	  .functions = PROBE_OF("busy_task_cannot_be_called") \
	  "|" IN_TASK_SWITCH, \
	  LOADS }, \
	{ "fidelity/task_switch/task_switch_sets_ts", \
	  .functions = PROBE_OF("task_switch_sets_ts"), \
	  CODE(7, 0x9a, 0x00, 0x00, 0x00, 0x00, 0x68, 0x00) }, \
	/* fidelity/paging_modes */ \
	{ "fidelity/paging_modes/pae_translates_by_three_levels", \
	  .functions = PROBE_OF("pae_translates_by_three_levels"), \
	  CODE(5, 0xa1, 0x14, 0x00, 0x00, 0x40), .patch = { 0xb8 } }, \
	{ "fidelity/paging_modes/pae_absent_entries_fault", .every = true, \
	  .functions = PROBE_OF("pae_absent_entries_fault") \
	  "|" IN_PAGING_MODES, \
	  STORES }, \
	{ "fidelity/paging_modes/pae_reserved_pdpte_bits_fault", \
	  .functions = PROBE_OF("pae_reserved_pdpte_bits_fault"), \
	  CODE(7, 0x83, 0x0d, 0x08, 0x00, 0x00, 0x00, 0x02), \
	  .mask = { [3] = 0x0f, [4] = 0x80 }, .patch = { 0x83, 0x3d } }, \
	{ "fidelity/paging_modes/pae_leaves_pdptes_alone", \
	  .functions = PROBE_OF("pae_leaves_pdptes_alone"), \
	  CODE(6, 0xa1, 0x00, 0x00, 0x00, 0x00, 0xc3), \
	  .mask = { [2] = 0x0f, [3] = 0x80 }, .patch = { 0xb8 } }, \
	{ "fidelity/paging_modes/two_levels_translate", .every = true, \
	  .functions = PROBE_OF("two_levels_translate") \
	  "|" IN_PAGING_MODES, \
	  LOADS }, \
	{ "fidelity/paging_modes/two_levels_refuse_writes", .every = true, \
	  .functions = PROBE_OF("two_levels_refuse_writes") \
	  "|" IN_PAGING_MODES, \
	  STORES }, \
	{ "fidelity/paging_modes/la57_cannot_change_in_long_mode", .every = true, \
	  .functions = PROBE_OF("la57_cannot_change_in_long_mode") \
	  "|" IN_PAGING_MODES, \
	  CODE(3, 0x0f, 0x22, 0xe0), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/paging_modes/five_levels_translate", .every = true, \
	  .functions = PROBE_OF("five_levels_translate") \
	  "|" IN_PAGING_MODES, \
	  STORES_OF_IMM }, \
	/* fidelity/paging_access */ \
	{ "fidelity/paging_access/leaf_decides", .every = true, \
	  .functions = PROBE_OF("leaf_decides") \
	  "|" IN_PAGING_ACCESS, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/paging_access/directory_decides_as_well", .every = true, \
	  .functions = PROBE_OF("directory_decides_as_well") \
	  "|" IN_PAGING_ACCESS, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/paging_access/pointer_decides_as_well", .every = true, \
	  .functions = PROBE_OF("pointer_decides_as_well") \
	  "|" IN_PAGING_ACCESS, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/paging_access/large_page_decides", .every = true, \
	  .functions = PROBE_OF("large_page_decides") \
	  "|" IN_PAGING_ACCESS, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/paging_access/smep_refuses_fetches_from_user_pages", .every = true, \
	  .functions = PROBE_OF("smep_refuses_fetches_from_user_pages") \
	  "|" IN_PAGING_ACCESS, \
	  CODE(3, 0x0f, 0x22, 0xe0), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/paging_access/smap_refuses_data_of_user_pages", .every = true, \
	  .functions = PROBE_OF("smap_refuses_data_of_user_pages") \
	  "|" IN_PAGING_ACCESS, \
	  CODE(3, 0x0f, 0x22, 0xe0), .mask = { [2] = 0xf8 } }, \
	/* fidelity/tlb */ \
	{ "fidelity/tlb/cr3_load_forgets", .every = true, \
	  .functions = PROBE_OF("cr3_load_forgets") \
	  "|" IN_TLB, \
	  LOADS }, \
	{ "fidelity/tlb/invlpg_forgets_global_pages", .every = true, \
	  .functions = PROBE_OF("invlpg_forgets_global_pages") \
	  "|" IN_TLB, \
	  LOADS }, \
	{ "fidelity/tlb/changing_pge_forgets_global_pages", .every = true, \
	  .functions = PROBE_OF("changing_pge_forgets_global_pages") \
	  "|" IN_TLB, \
	  LOADS }, \
	{ "fidelity/tlb/invlpg_forgets_upper_entries", .every = true, \
	  .functions = PROBE_OF("invlpg_forgets_upper_entries") \
	  "|" IN_TLB, \
	  LOADS }, \
	{ "fidelity/tlb/absent_entries_are_not_remembered", .every = true, \
	  .functions = PROBE_OF("absent_entries_are_not_remembered") \
	  "|" IN_TLB, \
	  CODE(3, 0x0f, 0x01, 0x38), .mask = { [2] = 0x38 } }, \
	{ "fidelity/tlb/cleared_bits_are_set_again", .every = true, \
	  .functions = PROBE_OF("cleared_bits_are_set_again") \
	  "|" IN_TLB, \
	  STORES_OF_IMM }, \
	{ "fidelity/tlb/split_of_a_large_page_is_seen", .every = true, \
	  .functions = PROBE_OF("split_of_a_large_page_is_seen") \
	  "|" IN_TLB, \
	  LOADS }, \
	{ "fidelity/tlb/pcids_keep_translations_apart", .every = true, \
	  .functions = PROBE_OF("pcids_keep_translations_apart") \
	  "|" IN_TLB, \
	  CODE(3, 0x0f, 0x22, 0xd8), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/tlb/pcid_load_without_bit_63_forgets", .every = true, \
	  .functions = PROBE_OF("pcid_load_without_bit_63_forgets") \
	  "|" IN_TLB, \
	  CODE(3, 0x0f, 0x22, 0xd8), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/tlb/pcide_needs_a_cr3_without_one", .every = true, \
	  .functions = PROBE_OF("pcide_needs_a_cr3_without_one") \
	  "|" IN_TLB, \
	  CODE(3, 0x0f, 0x22, 0xe0), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/tlb/invpcid_forgets_by_its_type", .every = true, \
	  .functions = PROBE_OF("invpcid_forgets_by_its_type") \
	  "|" IN_TLB, \
	  LOADS }, \
	/* fidelity/self_modifying */ \
	{ "fidelity/self_modifying/rewritten_code_runs", .every = true, \
	  .functions = PROBE_OF("rewritten_code_runs") \
	  "|" IN_SELF_MODIFYING, \
	  BYTE_STORES }, \
	{ "fidelity/self_modifying/rewritten_half_across_pages_runs", \
	  .functions = \
	  PROBE_OF("rewritten_half_across_pages_runs"), \
	  CODE(3, 0xc6, 0x00, 0x99), .mask = { [1] = 0xf8 }, .patch = { 0xf6 } }, \
	{ "fidelity/self_modifying/rewritten_through_an_alias_runs", .every = true, \
	  .functions = PROBE_OF("rewritten_through_an_alias_runs") \
	  "|" IN_SELF_MODIFYING, \
	  BYTE_STORES }, \
	{ "fidelity/self_modifying/string_store_rewrites_code", .every = true, \
	  .functions = PROBE_OF("string_store_rewrites_code") \
	  "|" IN_SELF_MODIFYING, \
	  CODE(2, 0xf3, 0xaa) }, \
	/* fidelity/msr_table */ \
	{ "fidelity/msr_table/written_bits_read_back", .every = true, \
	  .functions = PROBE_OF("written_bits_read_back") \
	  "|" IN_MSR_TABLE, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/msr_table/reserved_bits_of_the_apic_base_fault", .every = true, \
	  .functions = PROBE_OF("reserved_bits_of_the_apic_base_fault") \
	  "|" IN_MSR_TABLE, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/msr_table/sysenter_addresses_are_canonical", .every = true, \
	  .functions = PROBE_OF("sysenter_addresses_are_canonical") \
	  "|" IN_MSR_TABLE, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/msr_table/lma_is_not_for_software", .every = true, \
	  .functions = PROBE_OF("lma_is_not_for_software") \
	  "|" IN_MSR_TABLE, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/msr_table/commands_cannot_be_read", .every = true, \
	  .functions = PROBE_OF("commands_cannot_be_read") \
	  "|" IN_MSR_TABLE, \
	  CODE(2, 0x0f, 0x32) }, \
	{ "fidelity/msr_table/speculation_control_survives_exits", .every = true, \
	  .functions = PROBE_OF("speculation_control_survives_exits") \
	  "|" IN_MSR_TABLE, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/msr_table/tsc_aux_keeps_32_bits", .every = true, \
	  .functions = PROBE_OF("tsc_aux_keeps_32_bits") \
	  "|" IN_MSR_TABLE, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/msr_table/tsc_write_moves_tsc_adjust", .every = true, \
	  .functions = PROBE_OF("tsc_write_moves_tsc_adjust") \
	  "|" IN_MSR_TABLE, \
	  CODE(2, 0x0f, 0x30) }, \
	/* fidelity/mtrr */ \
	{ "fidelity/mtrr/mtrr_capabilities_are_read_only", .every = true, \
	  .functions = PROBE_OF("mtrr_capabilities_are_read_only"), \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/mtrr/mtrr_reserved_values_fault", .every = true, \
	  .functions = PROBE_OF("mtrr_reserved_values_fault"), \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/mtrr/mtrr_count_is_the_one_that_is_told", .every = true, \
	  .functions = PROBE_OF("mtrr_count_is_the_one_that_is_told"), \
	  CODE(2, 0x0f, 0x32) }, \
	/* fidelity/fpu */ \
	{ "fidelity/fpu/task_switched_bit_raises_nm", .every = true, \
	  .functions = PROBE_OF("task_switched_bit_raises_nm") \
	  "|" IN_FPU, \
	  CODE(3, 0x0f, 0x22, 0xc0), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/fpu/emulation_bit_raises_nm_and_ud", .every = true, \
	  .functions = PROBE_OF("emulation_bit_raises_nm_and_ud") \
	  "|" IN_FPU, \
	  CODE(3, 0x0f, 0x22, 0xc0), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/fpu/sse_needs_osfxsr", .nth = 2, \
	  .functions = PROBE_OF("sse_needs_osfxsr"), \
	  CODE(3, 0x0f, 0x22, 0xe0), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/fpu/unmasked_error_waits_for_the_next_instruction", .every = true, \
	  .functions = PROBE_OF("unmasked_error_waits_for_the_next_instruction") \
	  "|" IN_FPU, \
	  CODE(1, 0xee) }, \
	{ "fidelity/fpu/simd_error_needs_osxmmexcpt", .every = true, \
	  .functions = PROBE_OF("simd_error_needs_osxmmexcpt") \
	  "|" IN_FPU, \
	  CODE(3, 0x0f, 0x22, 0xe0), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/fpu/fxsave_shows_a_fresh_unit", .ring = 3, .every = true, \
	  .functions = PROBE_OF("fxsave_shows_a_fresh_unit") \
	  "|" IN_FPU, \
	  STATE_MOVE(0x00) }, \
	{ "fidelity/fpu/fxrstor_refuses_what_mxcsr_has_not", .ring = 3, .every = true, \
	  .functions = PROBE_OF("fxrstor_refuses_what_mxcsr_has_not") \
	  "|" IN_FPU, \
	  STATE_MOVE(0x10) }, \
	{ "fidelity/fpu/fxsave_wants_alignment", .ring = 3, .every = true, \
	  .functions = PROBE_OF("fxsave_wants_alignment") \
	  "|" IN_FPU, \
	  STATE_MOVE(0x00) }, \
	/* fidelity/xsave */ \
	{ "fidelity/xsave/sse_state_round_trips", .ring = 3, .every = true, \
	  .functions = PROBE_OF("sse_state_round_trips") \
	  "|" IN_XSAVE, \
	  STATE_MOVE(0x28) }, \
	{ "fidelity/xsave/cleared_component_is_initialised", .ring = 3, .every = true, \
	  .functions = PROBE_OF("cleared_component_is_initialised") \
	  "|" IN_XSAVE, \
	  STORES }, \
	{ "fidelity/xsave/bad_headers_fault", .ring = 3, VECTOR(13, 6) }, \
	{ "fidelity/xsave/misaligned_area_faults", .ring = 3, VECTOR(13, 6) }, \
	{ "fidelity/xsave/compaction_names_its_format", .ring = 3, .every = true, \
	  .functions = PROBE_OF("compaction_names_its_format") \
	  "|" IN_XSAVE, \
	  STATE_MOVE(0x28) }, \
	{ "fidelity/xsave/needs_osxsave", .every = true, \
	  .functions = PROBE_OF("needs_osxsave") \
	  "|" IN_XSAVE, \
	  STATE_MOVE(0x20) }, \
	{ "fidelity/xsave/xsetbv_knows_one_register", .every = true, \
	  .functions = PROBE_OF("xsetbv_knows_one_register") \
	  "|" IN_XSAVE, \
	  CODE(3, 0x0f, 0x22, 0xe0), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/xsave/components_depend_on_each_other", .every = true, \
	  .functions = PROBE_OF("components_depend_on_each_other") \
	  "|" IN_XSAVE, \
	  CODE(3, 0x0f, 0x22, 0xe0), .mask = { [2] = 0xf8 } }, \
	{ "fidelity/xsave/vector_state_survives_exits", .ring = 3, .every = true, \
	  .functions = PROBE_OF("vector_state_survives_exits") \
	  "|" IN_XSAVE, \
	  CODE(4, 0x66, 0x48, 0x0f, 0x6e), .mask = { [1] = 0xfb }, \
	  .patch = { 0x66, 0, 0x0f, 0x7e } }, \
	/* fidelity/sysenter */ \
	{ "fidelity/sysenter/sysenter_follows_its_msrs", .every = true, \
	  .functions = PROBE_OF("sysenter_follows_its_msrs") \
	  "|" IN_SYSENTER, \
	  STORES }, \
	{ "fidelity/sysenter/sysenter_needs_a_selector", .every = true, \
	  .functions = PROBE_OF("sysenter_needs_a_selector") \
	  "|" IN_SYSENTER, \
	  STORES }, \
	{ "fidelity/sysenter/lstar_holds_at_once", .every = true, \
	  .functions = PROBE_OF("lstar_holds_at_once") \
	  "|" IN_SYSENTER, \
	  CODE(2, 0x0f, 0x05) }, \
	{ "fidelity/sysenter/syscall_of_32_bit_code_is_the_vendor_s", .every = true, \
	  .functions = "compat_syscall", CODE(2, 0x0f, 0x05) }, \
	/* fidelity/pit */ \
	{ "fidelity/pit/status_shows_what_was_programmed", .every = true, \
	  .functions = PROBE_OF("status_shows_what_was_programmed") \
	  "|" IN_PIT, \
	  CODE(2, 0xe6, 0x40), .mask = { [1] = 0xfc } }, \
	{ "fidelity/pit/output_rises_when_mode_0_ends", .every = true, \
	  .functions = PROBE_OF("output_rises_when_mode_0_ends") \
	  "|" IN_PIT, \
	  CODE(2, 0xe6, 0x40), .mask = { [1] = 0xfc } }, \
	{ "fidelity/pit/gate_stops_the_count", .every = true, \
	  .functions = PROBE_OF("gate_stops_the_count") \
	  "|" IN_PIT, \
	  CODE(2, 0xe6, 0x40), .mask = { [1] = 0xfc } }, \
	{ "fidelity/pit/latch_holds_the_count", .every = true, \
	  .functions = PROBE_OF("latch_holds_the_count") \
	  "|" IN_PIT, \
	  CODE(2, 0xe6, 0x40), .mask = { [1] = 0xfc } }, \
	/* fidelity/pic */ \
	{ "fidelity/pic/masks_read_back", .every = true, \
	  .functions = PROBE_OF("masks_read_back") \
	  "|" IN_PIC, \
	  CODE(2, 0xe6, 0x20), .mask = { [1] = 0xfe } }, \
	{ "fidelity/pic/initialisation_clears_the_mask", .every = true, \
	  .functions = PROBE_OF("initialisation_clears_the_mask") \
	  "|" IN_PIC, \
	  CODE(2, 0xe6, 0x20), .mask = { [1] = 0xfe } }, \
	{ "fidelity/pic/timer_comes_through_lint0", .every = true, \
	  .functions = PROBE_OF("timer_comes_through_lint0") \
	  "|" IN_PIC, \
	  CODE(2, 0xe6, 0x40), .mask = { [1] = 0xfc } }, \
	{ "fidelity/pic/masked_request_waits", .every = true, \
	  .functions = PROBE_OF("masked_request_waits") \
	  "|" IN_PIC, \
	  CODE(2, 0xe6, 0x40), .mask = { [1] = 0xfc } }, \
	/* fidelity/ioapic */ \
	{ "fidelity/ioapic/entries_keep_their_bits", .every = true, \
	  .functions = PROBE_OF("entries_keep_their_bits") \
	  "|" IN_IOAPIC, \
	  LOADS }, \
	{ "fidelity/ioapic/version_cannot_be_written", .every = true, \
	  .functions = PROBE_OF("version_cannot_be_written") \
	  "|" IN_IOAPIC, \
	  LOADS }, \
	{ "fidelity/ioapic/edge_becomes_its_vector", .every = true, \
	  .functions = PROBE_OF("edge_becomes_its_vector") \
	  "|" IN_IOAPIC, \
	  CODE(2, 0xe6, 0x40), .mask = { [1] = 0xfc } }, \
	/* fidelity/nmi_ipi */ \
	{ "fidelity/nmi_ipi/comes_with_interrupts_off_and_whatever_tpr", .every = true, \
	  .functions = PROBE_OF("comes_with_interrupts_off_and_whatever_tpr") \
	  "|" IN_NMI_IPI, \
	  STORES }, \
	{ "fidelity/nmi_ipi/comes_again_after_iret", .every = true, \
	  .functions = PROBE_OF("comes_again_after_iret") \
	  "|" IN_NMI_IPI, \
	  STORES }, \
	{ "fidelity/nmi_ipi/rsm_is_undefined_outside_smm", .every = true, \
	  .functions = PROBE_OF("rsm_is_undefined_outside_smm") \
	  "|" IN_NMI_IPI, \
	  CODE(2, 0x0f, 0xaa) }, \
	/* fidelity/tsc_many */ \
	{ "fidelity/tsc_many/is_monotone_from_one_cpu_to_the_other", .every = true, \
	  .functions = PROBE_OF("is_monotone_from_one_cpu_to_the_other") \
	  "|" IN_TSC_MANY, \
	  CODE(2, 0x0f, 0x31) }, \
	{ "fidelity/tsc_many/is_the_same_clock_at_cpl3", .every = true, \
	  .functions = PROBE_OF("is_the_same_clock_at_cpl3") \
	  "|" IN_TSC_MANY, \
	  CODE(2, 0x0f, 0x31) }, \
	/* fidelity/init_sipi */ \
	{ "fidelity/init_sipi/sipi_starts_at_the_page_it_names", .every = true, \
	  .functions = PROBE_OF("sipi_starts_at_the_page_it_names") \
	  "|" IN_INIT_SIPI, \
	  STORES }, \
	{ "fidelity/init_sipi/init_leaves_the_table_s_registers", .every = true, \
	  .functions = PROBE_OF("init_leaves_the_table_s_registers") \
	  "|" IN_INIT_SIPI, \
	  STORES }, \
	{ "fidelity/init_sipi/second_sipi_is_ignored", .every = true, \
	  .functions = PROBE_OF("second_sipi_is_ignored") \
	  "|" IN_INIT_SIPI, \
	  STORES }, \
	/* fidelity/mmio_operands */ \
	{ "fidelity/mmio_operands/moves_of_every_width", .every = true, \
	  .functions = PROBE_OF("moves_of_every_width") \
	  "|" IN_MMIO_OPERANDS, \
	  STORES }, \
	{ "fidelity/mmio_operands/extensions_fill_the_register", .every = true, \
	  .functions = PROBE_OF("extensions_fill_the_register") \
	  "|" IN_MMIO_OPERANDS, \
	  STORES }, \
	{ "fidelity/mmio_operands/arithmetic_gives_result_and_flags", .every = true, \
	  .functions = PROBE_OF("arithmetic_gives_result_and_flags") \
	  "|" IN_MMIO_OPERANDS, \
	  STORES }, \
	{ "fidelity/mmio_operands/logic_gives_result_and_flags", .every = true, \
	  .functions = PROBE_OF("logic_gives_result_and_flags") \
	  "|" IN_MMIO_OPERANDS, \
	  STORES }, \
	{ "fidelity/mmio_operands/locked_instructions_exchange", .every = true, \
	  .functions = PROBE_OF("locked_instructions_exchange") \
	  "|" IN_MMIO_OPERANDS, \
	  STORES }, \
	{ "fidelity/mmio_operands/bit_instructions_reach_beyond", .every = true, \
	  .functions = PROBE_OF("bit_instructions_reach_beyond") \
	  "|" IN_MMIO_OPERANDS, \
	  STORES }, \
	{ "fidelity/mmio_operands/shifts_give_result_and_flags", .every = true, \
	  .functions = PROBE_OF("shifts_give_result_and_flags") \
	  "|" IN_MMIO_OPERANDS, \
	  STORES }, \
	{ "fidelity/mmio_operands/stack_operands_move", .every = true, \
	  .functions = PROBE_OF("stack_operands_move") \
	  "|" IN_MMIO_OPERANDS, \
	  STORES }, \
	{ "fidelity/mmio_operands/string_instructions_walk", .every = true, \
	  .functions = PROBE_OF("string_instructions_walk") \
	  "|" IN_MMIO_OPERANDS, \
	  STORES }, \
	/* fidelity/pv_kvm */ \
	{ "fidelity/pv_kvm/system_time_follows_its_formula", .every = true, \
	  .functions = PROBE_OF("system_time_follows_its_formula") \
	  "|" IN_PV_KVM, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/pv_kvm/wall_clock_is_given_once", .every = true, \
	  .functions = PROBE_OF("wall_clock_is_given_once") \
	  "|" IN_PV_KVM, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/pv_kvm/steal_time_is_filled_in", .every = true, \
	  .functions = PROBE_OF("steal_time_is_filled_in") \
	  "|" IN_PV_KVM, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/pv_kvm/steal_time_has_reserved_bits", .every = true, \
	  .functions = PROBE_OF("steal_time_has_reserved_bits") \
	  "|" IN_PV_KVM, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/pv_kvm/async_page_fault_has_reserved_bits", .every = true, \
	  .functions = PROBE_OF("async_page_fault_has_reserved_bits") \
	  "|" IN_PV_KVM, \
	  CODE(2, 0x0f, 0x30) }, \
	{ "fidelity/pv_kvm/pv_eoi_has_a_reserved_bit", .every = true, \
	  .functions = PROBE_OF("pv_eoi_has_a_reserved_bit") \
	  "|" IN_PV_KVM, \
	  CODE(2, 0x0f, 0x30) }, \
	/* fidelity/machine_tells */ \
	{ "fidelity/machine_tells/performance_clocks_move", \
	  .fn = cpuid_change, .plain = ABI_TELL, .leaf = 6, .reg = ECX, \
	  .flip = 1 }, \
	{ "fidelity/machine_tells/microcode_has_a_revision", \
	  .verdict = ABI_PASS, \
	  .functions = PROBE_OF("microcode_has_a_revision"), \
	  CODE(2, 0x0f, 0x32), .patch = { 0x54, 0x5a } /* PUSH, POP EDX */ }, \
	{ "fidelity/machine_tells/bus_has_no_paravirtual_device", \
	  .fn = pci_device_plug, \
	  .verdict = ABI_TELL }, \
	{ "fidelity/machine_tells/cpuid_is_not_an_exit", \
	  .ring = 3, .verdict = ABI_PASS, \
	  .functions = "cost|" PROBE_OF("cpuid_is_not_an_exit"), \
	  CODE(2, 0x0f, 0xa2), .every = true },

#endif
