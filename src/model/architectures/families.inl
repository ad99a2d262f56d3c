// The files of this folder, one a line. architecture.cpp says what FAMILY stands for.
FAMILY(llama)
FAMILY(mistral)
FAMILY(qwen2)
FAMILY(qwen3)
FAMILY(smollm3)
FAMILY(phi3)
FAMILY(gemma2)
FAMILY(gemma3)
