from rag.chunk import sentences as sentences
