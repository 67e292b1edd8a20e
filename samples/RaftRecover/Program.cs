using RaftRecover;

return await Recovery.RunAsync(args, Console.In, Console.Out, Console.Error);
