using System.Security.Cryptography;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Numbers this process's storage operations.</summary>
internal static class OperationIds
{
    private static readonly ulong Process = Draw();
    private static long _last;

    /// <summary>An identity that no other operation has or will have.</summary>
    public static OperationId Next() => new(Process, (ulong)Interlocked.Increment(ref _last));

    private static ulong Draw()
    {
        Span<byte> random = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(random);

        // Zero means "no command yet" where a group draws its incarnation from this number.
        return BitConverter.ToUInt64(random) | 1;
    }
}
