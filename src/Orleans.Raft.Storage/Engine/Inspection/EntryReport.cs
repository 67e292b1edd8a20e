namespace Orleans.Raft.Storage.Engine;

/// <summary>Where an entry stands.</summary>
/// <param name="Term">Its term.</param>
/// <param name="Index">Its index.</param>
/// <param name="Type">Its type, as Core names it.</param>
/// <param name="Bytes">Bytes of its payload.</param>
/// <param name="File">Segment that holds it.</param>
/// <param name="Offset">Offset of its record.</param>
/// <param name="Checksum">CRC-32C of its payload as read.</param>
public sealed record EntryReport(long Term, long Index, string Type, int Bytes, string File, long Offset, uint Checksum);
