using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <summary>Answers for a group client.</summary>
/// <param name="Session">Whose commands; the new session in answer to a registration.</param>
/// <param name="Nonce">Of the registration that is answered; else empty.</param>
/// <param name="Answers">Answers of commands.</param>
internal readonly record struct AnswersBody(long Session, Guid Nonce, CommandAnswer[] Answers);

/// <summary>Answer of one command.</summary>
/// <param name="Sequence">Number within the session.</param>
/// <param name="IsExpired">True when the group no longer remembers the session or the number: it was not applied now, but may have been before.</param>
/// <param name="Data">The state machine's answer.</param>
internal readonly record struct CommandAnswer(long Sequence, bool IsExpired, ReadOnlyMemory<byte> Data);

/// <summary>A replica does not take what it was sent.</summary>
/// <param name="Kind">Why; hosting's number.</param>
/// <param name="Leader">Leader it knows, or none.</param>
/// <param name="Term">Its term.</param>
/// <param name="Session">Whose commands.</param>
/// <param name="Sequences">Commands that were definitely not proposed; empty where that can't be said.</param>
internal readonly record struct RefusalBody(int Kind, ReplicaId Leader, long Term, long Session, long[] Sequences);

/// <summary>A leader's message that its group sleeps.</summary>
/// <param name="Term">Its term.</param>
/// <param name="LastIndex">Last index of its log, all of it committed and applied.</param>
internal readonly record struct SleepBody(long Term, long LastIndex);

/// <summary>A query.</summary>
/// <param name="Request">The asker's number.</param>
/// <param name="Data">The state machine's query.</param>
internal readonly record struct QueryBody(long Request, ReadOnlyMemory<byte> Data);

/// <summary>Answer to a query.</summary>
/// <param name="Request">The asker's number.</param>
/// <param name="Kind">0 when answered, else why not; hosting's number.</param>
/// <param name="Leader">Leader the replica knows, or none.</param>
/// <param name="Term">Its term.</param>
/// <param name="Data">The answer.</param>
internal readonly record struct QueryAnswerBody(long Request, int Kind, ReplicaId Leader, long Term, ReadOnlyMemory<byte> Data);
