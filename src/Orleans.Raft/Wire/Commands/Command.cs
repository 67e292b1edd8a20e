namespace Orleans.Raft.Wire;

/// <summary>A user's command in an entry, with what makes repeating it harmless (SAFETY-RULES A3).</summary>
/// <param name="Session">Index of the entry that registered the session.</param>
/// <param name="Sequence">Number of the command within its session.</param>
/// <param name="LowWater">Lowest sequence of the session that is still unanswered; answers below it may be forgotten.</param>
/// <param name="Payload">The command's bytes; a slice of the entry's data when it was read.</param>
internal readonly record struct Command(long Session, long Sequence, long LowWater, ReadOnlyMemory<byte> Payload);

/// <summary>Registers a session: its id is the index of the entry that carries this (SAFETY-RULES A3).</summary>
/// <param name="Nonce">Random, by which the registrant finds its session.</param>
/// <param name="Silo">Who registers, for people to read.</param>
internal sealed record SessionRegistration(Guid Nonce, string Silo);
