namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>Histories of a register that is right: each operation takes effect at a random moment between its call and its answer.</summary>
internal static class RandomHistory
{
    private const int MaxDuration = 20;

    /// <summary>Makes a history; of unknown operations half take effect, some long after their client gave up.</summary>
    public static List<RegisterOperation> Make(Random random, int operations, int clients, int unknownPercent)
    {
        var planned = new List<(long Effect, RegisterOperation Operation)>();
        var free = new long[clients];
        for (var i = 0; i < operations; i++)
        {
            var client = random.Next(clients);
            var invoked = free[client] + random.Next(3);
            var returned = invoked + random.Next(1, MaxDuration);
            free[client] = returned + 1;
            var action = (RegisterAction)random.Next(6);
            var isUnknown = action is not RegisterAction.Read && random.Next(100) < unknownPercent;
            var effect = !isUnknown ? invoked + random.NextInt64(returned - invoked + 1)
                : random.Next(2) == 0 ? invoked + random.Next(5 * MaxDuration) : long.MaxValue;
            var value = action is RegisterAction.Delete or RegisterAction.CompareAndDelete or RegisterAction.Read ? null : $"v{i}";
            planned.Add((effect, new RegisterOperation(
                action, value, null, isUnknown ? RegisterResult.Unknown : RegisterResult.Done, invoked, returned, $"c{client}")));
        }

        var history = new List<RegisterOperation>();
        string? state = null;
        foreach (var (effect, operation) in planned.OrderBy(plan => plan.Effect))
        {
            var isExpectationRight = random.Next(3) > 0;
            var told = operation with
            {
                Expected = operation.Action is RegisterAction.CompareAndSet or RegisterAction.CompareAndDelete ? (isExpectationRight ? state ?? "none" : "wrong") : null,
                Value = operation.Action is RegisterAction.Read ? state : operation.Value,
            };
            if (!told.TryApply(state, out var next))
            {
                told = told with { Result = RegisterResult.Refused };
                next = state;
            }

            history.Add(told);
            state = effect == long.MaxValue ? state : next;
        }

        return history;
    }
}
