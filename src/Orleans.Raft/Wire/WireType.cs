namespace Orleans.Raft.Wire;

/// <summary>How a field is laid out; the low three bits of its tag. Groups (3 and 4) are not used by the schema and refused.</summary>
internal enum WireType
{
    /// <summary>Variable-length number.</summary>
    Varint = 0,

    /// <summary>Eight bytes.</summary>
    Fixed64 = 1,

    /// <summary>Length, then that many bytes.</summary>
    Bytes = 2,

    /// <summary>Four bytes.</summary>
    Fixed32 = 5,
}
